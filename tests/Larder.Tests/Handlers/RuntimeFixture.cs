using System.Collections.Immutable;
using System.Text.Json;
using Larder.Cache;
using Larder.Handlers;
using Larder.Handlers.Capabilities;
using Larder.Handlers.Contract;
using Larder.Tests.Handlers;

[assembly: AssemblyFixture(typeof(RuntimeFixture))]

namespace Larder.Tests.Handlers;

/// <summary>A runtime that all tests of handlers share; it starts with the first one that needs it.</summary>
public sealed class RuntimeFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private TieredCache? _cache;
    private HandlerRuntime? _runtime;

    /// <summary>The shared runtime.</summary>
    public async Task<HandlerRuntime> GetAsync()
    {
        TestEngine.Require();
        await _gate.WaitAsync();
        try
        {
            return _runtime ??= await StartAsync(new HandlerRuntimeOptions());
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A runtime of its own for a test, which shares the cache, and so the compiled engine.</summary>
    public async Task<HandlerRuntime> StartAsync(HandlerRuntimeOptions options)
    {
        TestEngine.Require();
        _cache ??= await TieredCache.OpenAsync(new CacheOptions
        {
            Memory = new() { CapacityBytes = 64 * 1024 * 1024 },

            // In memory too, unlike in a node: here it is the only tier.
            Kinds = ImmutableSortedDictionary<string, KindOptions>.Empty,
        });
        return await HandlerRuntime.StartAsync(options, _cache);
    }

    /// <summary>Runs a handler that may do everything.</summary>
    public async Task<HandlerResult> RunAsync(string source, string state = "{}", ExecutionLimits? limits = null) =>
        await (await GetAsync()).ExecuteAsync(source, Context(state), limits);

    /// <summary>Runs a handler that may do what the tokens say.</summary>
    public async Task<HandlerResult> RunWithAsync(string source, string state, params string[] capabilities) =>
        await (await GetAsync()).ExecuteAsync(source, Context(state) with { Capabilities = CapabilitySet.Parse(capabilities) });

    /// <summary>The return value of a handler that may do everything, as JSON.</summary>
    public async Task<string> ReturnAsync(string source, string state = "{}")
    {
        var result = await RunAsync(source, state);
        Assert.True(result.Status == HandlerStatus.Success, result.Error?.ToString());
        return result.ReturnValue?.GetRawText() ?? "";
    }

    /// <summary>A context in which everything is granted.</summary>
    public static HandlerContext Context(string state = "{}", string arguments = "{}", string panel = "panel") => new()
    {
        PanelId = panel,
        HandlerName = "test",
        State = Json(state),
        Arguments = Json(arguments),
        Scope = Json("""{"user":"u"}"""),
        Capabilities = CapabilitySet.All,
        Extensions = ImmutableDictionary.CreateRange(new Dictionary<string, ImmutableArray<string>>
        {
            ["http"] = ["get", "post"],
            ["files"] = ["read"],
        }),
    };

    public static JsonElement Json(string text) => JsonElement.Parse(text);

    public async ValueTask DisposeAsync()
    {
        if (_runtime is not null)
        {
            await _runtime.DisposeAsync();
        }

        if (_cache is not null)
        {
            await _cache.DisposeAsync();
        }

        _gate.Dispose();
    }
}
