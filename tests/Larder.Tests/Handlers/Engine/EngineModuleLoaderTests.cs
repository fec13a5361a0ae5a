using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Cache.Remote;
using Larder.Handlers;
using Larder.Handlers.Engine;
using Larder.Tests.Tiering;

namespace Larder.Tests.Handlers.Engine;

public sealed class EngineModuleLoaderTests : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("larder-engine-").FullName;
    private readonly FaultyRemoteStore _remote = new();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return _remote.DisposeAsync();
    }

    [Fact]
    public async Task A_module_that_was_compiled_once_is_loaded_after_a_restart()
    {
        var module = TestEngine.Require();
        var options = EngineModuleLoader.OptionsFor(fuel: false);
        await using (var first = await OpenAsync())
        {
            await using var loader = new EngineModuleLoader(first);
            Assert.NotNull(await loader.LoadAsync(module, options));
            await loader.SavedAsync();
            Assert.Equal((0, 1), (loader.Loaded, loader.Compiled));
        }

        await using var second = await OpenAsync();
        await using var again = new EngineModuleLoader(second);
        var loaded = await again.LoadAsync(module, options);

        Assert.Equal((1, 0), (again.Loaded, again.Compiled));
        Assert.Contains(loaded.Module.Exports, export => export.Name == "qjs_compile");
        Assert.Equal(0, _remote.Count);
    }

    [Fact]
    public async Task A_saved_module_that_is_not_one_is_removed_and_compiled_anew()
    {
        var module = TestEngine.Require();
        var options = EngineModuleLoader.OptionsFor(fuel: true);
        var key = EngineModuleLoader.RecipeOf(module, options).Key;
        await using var cache = await OpenAsync();
        await cache.PutAsync(key, new byte[1000]);
        await using var loader = new EngineModuleLoader(cache);

        await loader.LoadAsync(module, options);
        await loader.SavedAsync();
        await loader.LoadAsync(module, options);

        Assert.Equal((1, 1), (loader.Loaded, loader.Compiled));
    }

    [Fact]
    public void Every_way_to_compile_has_a_name_of_its_own()
    {
        var module = TestEngine.Require();

        var plain = EngineModuleLoader.RecipeOf(module, EngineModuleLoader.OptionsFor(fuel: false));
        var metered = EngineModuleLoader.RecipeOf(module, EngineModuleLoader.OptionsFor(fuel: true));

        Assert.NotEqual(plain.Key, metered.Key);
    }

    private ValueTask<TieredCache> OpenAsync() => TieredCache.OpenAsync(new CacheOptions
    {
        Disk = new DiskTierOptions { Directory = _directory },
        Remote = new RemoteTierOptions { Store = _remote },
        Kinds = HandlerKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty),
    });
}
