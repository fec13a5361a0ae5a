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
/// A saved module is code of this process. It is kept on the local disk only, never in a remote tier: who can write to a
/// remote tier must not be able to run code here. Where the configuration gives its kind a remote tier, it is not kept.
/// </remarks>
internal sealed class EngineModuleLoader : IAsyncDisposable
{
    private const uint FormatVersion = 1;

    private readonly TieredCache _cache;
    private readonly ConcurrentBag<Task> _savings = [];
    private readonly ConcurrentBag<Task> _preparations = [];
    private readonly CancellationTokenSource _ending = new();
    private long _loaded;
    private long _compiled;

    /// <summary>Creates a loader.</summary>
    /// <param name="cache">Where compiled modules are kept; it must outlive the loader.</param>
    public EngineModuleLoader(TieredCache cache) => _cache = cache;

    /// <summary>The kind of compiled modules.</summary>
    public static ArtifactKind Kind { get; } = ArtifactKind.Parse("wasm-module");

    /// <summary>The kind of images of an engine that has started.</summary>
    public static ArtifactKind ImageKind { get; } = ArtifactKind.Parse("wasm-image");

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
        CompiledModule compiled;
        try
        {
            if (await FindAsync(recipe, cancellationToken).ConfigureAwait(false) is { } saved)
            {
                compiled = CompiledModule.Load(saved, module.Digest, options);
                Interlocked.Increment(ref _loaded);
                Prepare(module, compiled);
                return compiled;
            }
        }
        catch (WasmException exception) when (exception.Kind == WasmErrorKind.BadArtifact)
        {
            await RemoveAsync(recipe, cancellationToken).ConfigureAwait(false);
        }

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
        Prepare(module, compiled);
        SaveLater(recipe, compiled.Save);
        return compiled;
    }

    /// <summary>
    /// Something else that is made from the engine and belongs to this build of it alone: kept like the module itself.
    /// </summary>
    /// <returns>The bytes; null when they are not in the cache.</returns>
    public async ValueTask<byte[]?> FindAsync(Recipe recipe, CancellationToken cancellationToken)
    {
        if (!IsKept(recipe.Kind))
        {
            return null;
        }

        try
        {
            using var lease = await _cache.GetAsync(recipe.Key, cancellationToken).ConfigureAwait(false);
            return lease.IsHit ? ArtifactBytes.Copy(lease.Content) : null;
        }
        catch (CacheException)
        {
            // The tier counts and reports its own trouble; what is missing is made instead.
            return null;
        }
    }

    /// <summary>Saves something in the background; a failure only means that it is made again.</summary>
    /// <param name="recipe">Its name.</param>
    /// <param name="make">Gives the bytes; runs on a thread of the pool.</param>
    public void SaveLater(Recipe recipe, Func<byte[]> make)
    {
        if (IsKept(recipe.Kind))
        {
            _savings.Add(Task.Run(() => SaveAsync(recipe, make)));
        }
    }

    /// <summary>Removes what turned out to be wrong.</summary>
    public async ValueTask RemoveAsync(Recipe recipe, CancellationToken cancellationToken) =>
        await _cache.RemoveAsync(recipe.Key, cancellationToken).ConfigureAwait(false);

    /// <summary>Waits until everything is saved.</summary>
    public Task SavedAsync() => Task.WhenAll(_savings);

    /// <summary>Waits until everything is saved, so that also a program that ends at once leaves it for the next.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await SavedAsync().ConfigureAwait(false);
        await Task.WhenAll(_preparations).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private void Prepare(EngineModule module, CompiledModule compiled)
    {
        if (module.Digest == EngineModule.KnownDigest)
        {
            _preparations.Add(EngineModuleFunctions.PrepareAsync(compiled, _ending.Token));
        }
    }

    // Code, and what code trusts, must not come from where others write.
    private bool IsKept(ArtifactKind kind) => !_cache.OptionsFor(kind).Remote || _cache.Remote is null;

    private async Task SaveAsync(Recipe recipe, Func<byte[]> make)
    {
        try
        {
            var description = ArtifactWriter.AsWritten with { Recipe = recipe.Encoded };
            await _cache.PutAsync(recipe.Key, make(), description, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is CacheException or ObjectDisposedException)
        {
            // The next start makes it again.
        }
    }
}
