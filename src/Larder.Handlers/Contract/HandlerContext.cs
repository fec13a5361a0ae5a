using System.Collections.Immutable;
using System.Text.Json;
using Larder.Handlers.Capabilities;

namespace Larder.Handlers.Contract;

/// <summary>
/// What a handler sees of the world when it runs. Values are JSON; a <see cref="JsonElement"/> must stay valid until the
/// call, and every resumption of it, has ended.
/// </summary>
public sealed record HandlerContext
{
    /// <summary>The panel that the handler belongs to; also the tenant whose share of the pool it uses.</summary>
    public string PanelId { get; init; } = "";

    /// <summary>The handler's name, for stacks, metrics and logs.</summary>
    public string HandlerName { get; init; } = "handler";

    /// <summary>The state as it was before the call. An object, or undefined for an empty one.</summary>
    public JsonElement State { get; init; }

    /// <summary>The handler's arguments, <c>$args</c>. An object, or undefined for an empty one.</summary>
    public JsonElement Arguments { get; init; }

    /// <summary>Values of the surroundings, <c>$scope</c>. An object, or undefined for an empty one.</summary>
    public JsonElement Scope { get; init; }

    /// <summary>What the handler may do. Default nothing.</summary>
    public CapabilitySet Capabilities { get; init; } = CapabilitySet.None;

    /// <summary>The extensions that exist, with the names of their methods.</summary>
    public ImmutableDictionary<string, ImmutableArray<string>> Extensions { get; init; } =
        ImmutableDictionary<string, ImmutableArray<string>>.Empty;
}
