using System.Collections.Immutable;
using System.Text.Json;
using Larder.Handlers.Capabilities;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <summary>A panel as its maker described it. Immutable.</summary>
internal sealed record PanelDefinition
{
    private const int MaxTools = 256;
    private const int MaxIdLength = 128;
    private const int MaxTextLength = 1024;

    /// <summary>Names the panel within the node.</summary>
    public required string Id { get; init; }

    /// <summary>What sort of panel it is; means nothing to the node.</summary>
    public required string Kind { get; init; }

    /// <summary>For people; null when nobody said.</summary>
    public string? Title { get; init; }

    /// <summary>What it can do, by name.</summary>
    public required ImmutableArray<PanelTool> Tools { get; init; }

    /// <summary>Runs once before everything else; null for nothing.</summary>
    public PanelTool? Mount { get; init; }

    /// <summary>Runs once when the panel is removed; null for nothing.</summary>
    public PanelTool? Unmount { get; init; }

    /// <summary>The state in the beginning, an object.</summary>
    public required JsonElement InitialState { get; init; }

    /// <summary>What its maker wants to find again; null for nothing.</summary>
    public JsonElement? Metadata { get; init; }

    /// <summary>The tool of a name; null when there is none.</summary>
    public PanelTool? Find(string name) => Tools.FirstOrDefault(tool => tool.Name == name);

    /// <summary>Reads a definition.</summary>
    /// <exception cref="ApiException">It is malformed.</exception>
    public static PanelDefinition Read(JsonElement json, PanelOptions options)
    {
        var id = JsonFields.Text(json, "id") ?? JsonFields.Text(json, "panelId") ?? Guid.NewGuid().ToString("N");
        if (id.Length is 0 or > MaxIdLength
            || !char.IsAsciiLetterOrDigit(id[0])
            || !id.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-'))
        {
            throw ApiException.BadRequest($"'id' must be 1 to {MaxIdLength} letters, digits, points, hyphens and underscores, a letter or digit first.");
        }

        var shared = ContextReader.Capabilities(json, "capabilities");
        var tools = ImmutableArray.CreateBuilder<PanelTool>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (JsonFields.Get(json, "tools") is null)
        {
            throw ApiException.BadRequest("'tools' is missing: it must be an array of objects with a name and a handler.");
        }

        foreach (var element in JsonFields.Array(json, "tools"))
        {
            var tool = ReadTool(element, shared, options);
            if (!names.Add(tool.Name) || tools.Count == MaxTools)
            {
                throw ApiException.BadRequest(tools.Count == MaxTools
                    ? $"A panel has at most {MaxTools} tools."
                    : $"Two tools are called '{tool.Name}'.");
            }

            tools.Add(tool);
        }

        var lifecycle = JsonFields.Object(json, "lifecycle", "lifecycle");
        return new PanelDefinition
        {
            Id = id,
            Kind = Short(JsonFields.RequiredText(json, "kind"), "kind"),
            Title = Short(JsonFields.Text(json, "title"), "title"),
            Tools = tools.ToImmutable(),
            Mount = ReadLifecycle(lifecycle, "mount", shared),
            Unmount = ReadLifecycle(lifecycle, "unmount", shared),
            InitialState = State(json, options),
            Metadata = JsonFields.Get(json, "metadata"),
        };
    }

    private static JsonElement State(JsonElement json, PanelOptions options)
    {
        var state = JsonFields.Object(json, "initialState", "state");
        if (state.ValueKind == JsonValueKind.Undefined)
        {
            return JsonElement.Parse("{}"u8);
        }

        // A copy, so that the rest of the request can go away.
        var bytes = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(state);
        return bytes.Length <= options.MaxStateBytes
            ? JsonElement.Parse(bytes)
            : throw ApiException.BadRequest($"'initialState' has more than {options.MaxStateBytes} bytes, the setting panels.max-state.");
    }

    private static PanelTool ReadTool(JsonElement json, CapabilitySet? shared, PanelOptions options)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.BadRequest("'tools' must be an array of objects with a name and a handler.");
        }

        var name = Short(JsonFields.RequiredText(json, "name"), "name");
        return new PanelTool
        {
            Name = name.Length > 0 ? name : throw ApiException.BadRequest("'name' of a tool must not be empty."),
            Handler = JsonFields.RequiredText(json, "handler"),
            Trigger = PanelTrigger.Read(JsonFields.Get(json, "trigger"), name, options.MinInterval),
            Description = Short(JsonFields.Text(json, "description"), "description"),
            Capabilities = ContextReader.Capabilities(json, "capabilities") ?? shared ?? CapabilitySet.None,
            Arguments = [.. JsonFields.Array(json, "args").Select(ToolArgument.Read)],
        };
    }

    // A source alone, or an object with a source and capabilities of its own.
    private static PanelTool? ReadLifecycle(JsonElement lifecycle, string name, CapabilitySet? shared)
    {
        if (lifecycle.ValueKind == JsonValueKind.Undefined || JsonFields.Get(lifecycle, name) is not { } json)
        {
            return null;
        }

        var isObject = json.ValueKind == JsonValueKind.Object;
        return new PanelTool
        {
            Name = name,
            Handler = isObject ? JsonFields.RequiredText(json, "handler") : JsonFields.RequiredText(lifecycle, name),
            Trigger = PanelTrigger.Read(null, name, default),
            Capabilities = (isObject ? ContextReader.Capabilities(json, "capabilities") : null) ?? shared ?? CapabilitySet.None,
        };
    }

    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(text))]
    private static string? Short(string? text, string name) => text is null or { Length: <= MaxTextLength }
        ? text
        : throw ApiException.BadRequest($"'{name}' has more than {MaxTextLength} characters.");
}
