using System.Globalization;
using System.Text;
using System.Text.Json;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Handlers;
using Larder.Handlers.Capabilities;
using Larder.Handlers.Contract;

namespace Larder.Bench.Handlers;

/// <summary>The handlers that are measured, what they see of the world, and runtimes to run them in.</summary>
internal static class BenchHandlers
{
    /// <summary>Three host calls: one of the state, one change, one event. State and return value have 2 KB each.</summary>
    public const string Small = """
        const items = $state.items;
        const total = items.reduce((sum, item) => sum + item.price * item.count, 0);
        $state.total = total;
        $emit('quoted', { total, customer: $args.customer });
        return { total, items };
        """;

    /// <summary>Work for the engine alone: what metering costs shows here.</summary>
    public const string Busy = """
        let state = 1, sum = 0;
        const seen = [];
        for (let i = 0; i < 20000; i++) {
          state = (state * 1103515245 + 12345) % 2147483648;
          sum += state % 97;
          if (i % 100 === 0) seen.push({ i, text: 'n' + state });
        }
        return sum + seen.map(s => s.text.length).reduce((a, b) => a + b, 0);
        """;

    /// <summary>The state of <see cref="Small"/>, 2 KB.</summary>
    public static string StateText { get; } = JsonSerializer.Serialize(new
    {
        items = Enumerable.Range(0, 26).Select(index => new
        {
            id = $"item-{index:D4}", name = $"Thing number {index}", price = 100 + index, count = 1 + (index % 5), tags = (string[])["a", "b"],
        }),
    });

    /// <summary>The arguments of <see cref="Small"/>.</summary>
    public const string ArgumentsText = """{"customer":"customer-17"}""";

    private static readonly CapabilitySet Granted =
        CapabilitySet.Parse(["state:read:*", "state:write:*", "events:emit:*", "ext:*", "view:update:*"]);

    /// <summary>What a call sees, from text, as it comes over the wire.</summary>
    public static HandlerContext Context(string panel = "bench", string? state = null) => new()
    {
        PanelId = panel,
        HandlerName = "small",
        State = Parse(state ?? StateText),
        Arguments = Parse(ArgumentsText),
        Capabilities = Granted,
        Extensions = Extensions,
    };

    /// <summary>A handler of about that many bytes, of functions that are all different; only the first few are called.</summary>
    public static string Large(int number, int bytes)
    {
        var text = new StringBuilder();
        for (var function = 0; text.Length < bytes; function++)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""
                function step_{{number}}_{{function}}(value, options) {
                  const factor = (options && options.factor) || {{function + 1}};
                  const parts = [];
                  for (const key of Object.keys(value)) {
                    if (key.startsWith('_')) continue;
                    parts.push(`${key}=${typeof value[key] === 'number' ? value[key] * factor : value[key]}`);
                  }
                  return { text: parts.sort().join('&'), count: parts.length, tag: 'step {{number}}/{{function}}' };
                }

                """);
        }

        return text.Append(CultureInfo.InvariantCulture, $"return step_{number}_0({{ a: 1, b: 'x', _c: 2 }}).text;").ToString();
    }

    /// <summary>Opens a cache as a node would.</summary>
    public static ValueTask<TieredCache> OpenCacheAsync(string? directory) => TieredCache.OpenAsync(new CacheOptions
    {
        Disk = directory is null ? null : new DiskTierOptions { Directory = directory },
        Kinds = HandlerKinds.Complete(
            System.Collections.Immutable.ImmutableSortedDictionary<string, KindOptions>.Empty, directory is not null),
    });

    /// <summary>Throws unless a call did what it should.</summary>
    public static HandlerResult Check(HandlerResult result) => result.Status == HandlerStatus.Success
        ? result
        : throw new InvalidOperationException($"A handler failed: {result.Error}");

    private static readonly System.Collections.Immutable.ImmutableDictionary<string, System.Collections.Immutable.ImmutableArray<string>> Extensions =
        System.Collections.Immutable.ImmutableDictionary<string, System.Collections.Immutable.ImmutableArray<string>>.Empty.Add("http", ["get"]);

    private static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
