using System.Collections.Immutable;
using System.Text.Json;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Handlers;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;
using Larder.Handlers.Execution;

namespace Larder.Tests.Handlers.Execution;

/// <summary>Runtimes that go on where an earlier one had started an engine.</summary>
public sealed class SavedEngineTests : IDisposable
{
    private static readonly QuickJsLimits Limits = new(32 * 1024 * 1024, 256 * 1024);

    private readonly string _directory = Directory.CreateTempSubdirectory("larder-engine-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_image_of_a_started_engine_is_the_same_after_it_was_saved()
    {
        var module = TestEngine.Require();
        var compiled = TestEngine.Compiled();
        await using var cache = await OpenAsync();
        await using var loader = new EngineModuleLoader(cache);

        using var started = await HandlerEngine.StartAsync(loader, cache, module, compiled, Limits, false, default);
        await loader.SavedAsync();
        using var loaded = await HandlerEngine.StartAsync(loader, cache, module, compiled, Limits, false, default);

        Assert.Equal(started.Image.Snapshot.Save(), loaded.Image.Snapshot.Save());
        Assert.Equal(started.Image.Layout, loaded.Image.Layout);
        Assert.Equal((started.Describe, started.Settle), (loaded.Describe, loaded.Settle));
        Assert.Single(cache.Disk!.List(HandlerKinds.EngineImage));
    }

    [Fact]
    public async Task Bytes_that_are_no_image_are_replaced()
    {
        var module = TestEngine.Require();
        var compiled = TestEngine.Compiled();
        await using var cache = await OpenAsync();
        await using var loader = new EngineModuleLoader(cache);
        var recipe = HandlerEngine.ImageRecipe(module, compiled, Limits, timeNeedsGrant: false);
        using (await HandlerEngine.StartAsync(loader, cache, module, compiled, Limits, false, default))
        {
            await loader.SavedAsync();
        }

        var right = (await loader.FindAsync(recipe, default))!;
        foreach (var wrong in new byte[][] { [], right[..^1], [.. right, 0], [.. right[..100], (byte)(right[100] ^ 1), .. right[101..]] })
        {
            await cache.PutAsync(recipe.Key, wrong);
            using var engine = await HandlerEngine.StartAsync(loader, cache, module, compiled, Limits, false, default);
            await loader.SavedAsync();

            Assert.Equal(right, await loader.FindAsync(recipe, default));
        }
    }

    [Fact]
    public async Task A_runtime_that_starts_again_runs_handlers_as_the_first_one_did()
    {
        TestEngine.Require();
        const string Source = """
            $state.sum = $args.items.map(x => x * 2).reduce((a, b) => a + b, 0);
            $emit('done', { at: /(\d+)/.exec('a12b')[1], big: String(2n ** 70n) });
            return [...new Set([1, 1, 2])].concat(await Promise.resolve(3));
            """;
        var results = new List<string>();
        for (var start = 0; start < 3; start++)
        {
            await using var cache = await OpenAsync();
            await using var runtime = await HandlerRuntime.StartAsync(new HandlerRuntimeOptions(), cache);
            var result = await runtime.ExecuteAsync(Source, Context());

            Assert.Equal(start == 0 ? HandlerOrigin.Compiled : result.Metrics.Origin, result.Metrics.Origin);
            Assert.True(start == 0 || result.Metrics.CacheHit);
            results.Add($"{result.Status} {result.Error} {result.ReturnValue} {result.StateMutations.Single().Value} {result.Events.Single().Payload}");
        }

        Assert.StartsWith("Success", results[0], StringComparison.Ordinal);
        Assert.All(results, result => Assert.Equal(results[0], result));
    }

    private static HandlerContext Context() => new()
    {
        Arguments = JsonDocument.Parse("""{ "items": [1, 2, 3] }""").RootElement,
        Capabilities = Larder.Handlers.Capabilities.CapabilitySet.Parse(["state:write:*", "state:read:*", "events:emit:*"]),
    };

    private ValueTask<TieredCache> OpenAsync() => TieredCache.OpenAsync(new CacheOptions
    {
        Disk = new DiskTierOptions { Directory = _directory },
        Kinds = HandlerKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty),
    });
}
