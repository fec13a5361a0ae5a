using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Compilation;
using Larder.Handlers.Engine;
using Larder.Wasm;

namespace Larder.Handlers.Execution;

/// <summary>
/// Brings the prelude's bytecode: from the cache, else by compiling it. At a start that finds everything in the cache, the
/// engine's parser never runs, and so is not compiled to machine code either.
/// </summary>
/// <remarks>Kept like the engine itself, on the local disk only: it runs for every tenant.</remarks>
internal static class PreludeLoader
{
    private const string FileName = "larder:prelude";
    private const uint FormatVersion = 1;

    /// <summary>The bytecode.</summary>
    /// <exception cref="HandlersException">The module is not the one that is needed.</exception>
    public static async ValueTask<byte[]> LoadAsync(
        TieredCache cache, EngineModule module, CompiledModule compiled, CancellationToken cancellationToken = default)
    {
        var source = Source();
        if (cache.Remote is not null && cache.OptionsFor(EngineModuleLoader.Kind).Remote)
        {
            return Compile(compiled, source);
        }

        var recipe = Recipe.For(EngineModuleLoader.Kind, FormatVersion)
            .AddDigestOf("prelude", source)
            .Add("engine", module.Digest)
            .Build();
        try
        {
            using var lease = await cache.GetAsync(recipe.Key, cancellationToken).ConfigureAwait(false);
            if (lease.IsHit)
            {
                return ArtifactBytes.Copy(lease.Content);
            }
        }
        catch (CacheException)
        {
            // The tier counts and reports its own trouble.
            return Compile(compiled, source);
        }

        var bytecode = Compile(compiled, source);
        try
        {
            await cache.PutAsync(
                recipe.Key, bytecode, ArtifactWriter.AsWritten with { Recipe = recipe.Encoded }, cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException)
        {
            // The next start compiles again.
        }

        return bytecode;
    }

    /// <summary>The prelude's source.</summary>
    public static byte[] Source()
    {
        using var resource = typeof(PreludeLoader).Assembly.GetManifestResourceStream("prelude.js")
            ?? throw new InvalidOperationException("The prelude is not in the assembly.");
        var source = new byte[resource.Length];
        resource.ReadExactly(source);
        return source;
    }

    private static byte[] Compile(CompiledModule compiled, byte[] source)
    {
        using var compiler = new QuickJsCompiler(compiled);
        return compiler.CompileScript(source, FileName);
    }
}
