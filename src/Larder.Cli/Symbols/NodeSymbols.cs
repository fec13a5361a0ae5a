using System.Runtime.CompilerServices;
using System.Text.Json;
using Larder.Cli.Handlers;
using Larder.Cli.Stores;
using Larder.Symbols.Json;
using Larder.Symbols.Search;

namespace Larder.Cli.Symbols;

/// <summary>The symbols of a node. What paths name is loaded there first.</summary>
internal sealed class NodeSymbols(NodeStore node, string[] paths, bool framework) : SymbolSource
{
    private JsonElement _loaded;
    private List<string> _failures = [];

    public override IReadOnlyList<string> Failures => _failures;

    public override async Task<JsonElement> FindAsync(SymbolQuery query, CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken).ConfigureAwait(false);
        var text = new List<string>
        {
            "q=" + Uri.EscapeDataString(query.Pattern),
            "match=" + SymbolJson.Word(query.Match),
            $"limit={query.Limit}",
        };
        if (query.Kinds.Length > 0)
        {
            text.Add("kind=" + string.Join(',', query.Kinds.Select(SymbolJson.Word)));
        }

        if (query.Forms.Length > 0)
        {
            text.Add("form=" + string.Join(',', query.Forms.Select(SymbolJson.Word)));
        }

        AddModule(text, query.Module);
        AddSwitch(text, "all", query.IncludesHidden);
        AddSwitch(text, "forwards", query.IncludesForwards);
        return await node.SymbolsAsync(HttpMethod.Get, "?" + string.Join('&', text), null, cancellationToken).ConfigureAwait(false);
    }

    public override async Task<JsonElement> ShowAsync(string name, string? module, bool all, CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken).ConfigureAwait(false);
        var text = new List<string> { "name=" + Uri.EscapeDataString(name) };
        AddModule(text, module);
        AddSwitch(text, "all", all);
        return await node.SymbolsAsync(HttpMethod.Get, "/show?" + string.Join('&', text), null, cancellationToken).ConfigureAwait(false);
    }

    public override async Task<JsonElement> ModulesAsync(CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken).ConfigureAwait(false);
        return await node.SymbolsAsync(HttpMethod.Get, "/modules", null, cancellationToken).ConfigureAwait(false);
    }

    public override async Task<JsonElement> LoadAsync(CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken).ConfigureAwait(false);
        return _loaded.ValueKind != JsonValueKind.Undefined
            ? _loaded
            : throw CommandException.Usage("Name what the node is to load: paths, or --framework.");
    }

    public override Task<JsonElement> StatisticsAsync(CancellationToken cancellationToken) =>
        node.SymbolsAsync(HttpMethod.Get, "/stats", null, cancellationToken);

    public override async IAsyncEnumerable<JsonElement> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in node.SymbolChangesAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return line;
        }
    }

    public override ValueTask DisposeAsync() => node.DisposeAsync();

    private async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (_loaded.ValueKind != JsonValueKind.Undefined || (paths.Length == 0 && !framework))
        {
            return;
        }

        var full = paths.Select(Path.GetFullPath).ToArray();
        var body = HandlerCallJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("paths"u8);
            foreach (var path in full)
            {
                writer.WriteStringValue(path);
            }

            writer.WriteEndArray();
            writer.WriteBoolean("framework"u8, framework);
            writer.WriteEndObject();
        });
        _loaded = await node.SymbolsAsync(HttpMethod.Post, "/load", body, cancellationToken).ConfigureAwait(false);
        _failures = [.. _loaded.GetProperty("failures").EnumerateArray().Select(static failure => failure.GetString() ?? "")];
    }

    private static void AddModule(List<string> text, string? module)
    {
        if (module is not null)
        {
            text.Add("module=" + Uri.EscapeDataString(module));
        }
    }

    private static void AddSwitch(List<string> text, string name, bool isOn)
    {
        if (isOn)
        {
            text.Add(name + "=true");
        }
    }
}
