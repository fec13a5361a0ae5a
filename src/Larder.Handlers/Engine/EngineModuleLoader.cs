using System.Collections.Concurrent;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Compilation;
using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>
/// Brings the engine module into a form that runs: from the cache, where it was compiled before, else by compiling it
/// here; what was compiled is saved in the background. For any number of threads.
/// </summary>
/// <remarks>
/// A saved module is code of this process. Its kind is kept on the local disk only, never in a remote tier, whatever the
/// configuration says: who can write to a remote tier must not be able to run code here.
/// </remarks>
internal sealed class EngineModuleLoader : IAsyncDisposable
{
    private const uint FormatVersion = 1;

    private readonly TieredCache _cache;
    private readonly ConcurrentBag<Task> _savings = [];
    private readonly CancellationTokenSource _ending = new();
    private long _loaded;
    private long _compiled;

    /// <summary>Creates a loader.</summary>
    /// <param name="cache">Where compiled modules are kept; it must outlive the loader.</param>
    public EngineModuleLoader(TieredCache cache) => _cache = cache;

    /// <summary>The kind of compiled modules.</summary>
    public static ArtifactKind Kind { get; } = ArtifactKind.Parse("wasm-module");

    /// <summary>Modules that came from the cache.</summary>
    public long Loaded => Interlocked.Read(ref _loaded);

    /// <summary>Modules that were compiled.</summary>
    public long Compiled => Interlocked.Read(ref _compiled);

    /// <summary>How the engine is compiled: for a process that keeps it.</summary>
    /// <param name="fuel">Whether instructions are counted.</param>
    public static CompileOptions OptionsFor(bool fuel) => new() { Fuel = fuel, Unloadable = false };

    /// <summary>The name under which the cache keeps a compiled module.</summary>
    public static Recipe RecipeOf(EngineModule module, CompileOptions options)
    {
        var recipe = Recipe.For(Kind, FormatVersion);
        foreach (var (name, value) in ModuleRecipe.Create(module.Digest, options).Components)
        {
            recipe.Add(name, value);
        }

        return recipe.Build();
    }

    /// <summary>The module, ready to be instantiated.</summary>
    /// <exception cref="HandlersException">The module is none, or does not run here.</exception>
    public async Task<CompiledModule> LoadAsync(
        EngineModule module, CompileOptions options, CancellationToken cancellationToken = default)
    {
        var recipe = RecipeOf(module, options);
        if (await FindAsync(recipe, module, options, cancellationToken).ConfigureAwait(false) is { } found)
        {
            Interlocked.Increment(ref _loaded);
            return found;
        }

        CompiledModule compiled;
        try
        {
            compiled = CompiledModule.Compile(module.Bytes, options, cancellationToken);
        }
        catch (WasmException exception)
        {
            throw new HandlersException(
                HandlersErrorKind.EngineUnavailable, $"The JavaScript engine {module.Path} does not run: {exception.Message}", exception);
        }

        Interlocked.Increment(ref _compiled);
        _savings.Add(Task.Run(() => SaveAsync(recipe, compiled, _ending.Token), CancellationToken.None));
        return compiled;
    }

    /// <summary>Waits until what was compiled is saved.</summary>
    public Task SavedAsync() => Task.WhenAll(_savings);

    /// <summary>Ends what is being saved.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await SavedAsync().ConfigureAwait(false);
        _ending.Dispose();
    }

    private async ValueTask<CompiledModule?> FindAsync(
        Recipe recipe, EngineModule module, CompileOptions options, CancellationToken cancellationToken)
    {
        if (_cache.OptionsFor(Kind).Remote && _cache.Remote is not null)
        {
            return null;
        }

        try
        {
            using var lease = await _cache.GetAsync(recipe.Key, cancellationToken).ConfigureAwait(false);
            if (!lease.IsHit)
            {
                return null;
            }

            return CompiledModule.Load(ArtifactBytes.Copy(lease.Content), module.Digest, options);
        }
        catch (WasmException exception) when (exception.Kind == WasmErrorKind.BadArtifact)
        {
            await _cache.RemoveAsync(recipe.Key, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (CacheException)
        {
            // The tier counts and reports its own trouble; the module is compiled instead.
            return null;
        }
    }

    private async Task SaveAsync(Recipe recipe, CompiledModule module, CancellationToken cancellationToken)
    {
        if (_cache.OptionsFor(Kind).Remote && _cache.Remote is not null)
        {
            return;
        }

        try
        {
            await _cache.PutAsync(
                recipe.Key,
                module.Save(),
                ArtifactWriter.AsWritten with { Recipe = recipe.Encoded },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is CacheException or OperationCanceledException)
        {
            // The next start compiles again.
        }
    }
}
