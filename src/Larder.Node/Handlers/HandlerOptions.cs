using System.Collections.Immutable;
using Larder.Handlers;

namespace Larder.Node.Handlers;

/// <summary>How a node runs JavaScript handlers.</summary>
public sealed record HandlerOptions
{
    /// <summary>Whether the node runs handlers at all. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// The runtime: engine, instances and limits. With <see cref="HandlerRuntimeOptions.MinInstances"/> 0, the default here,
    /// it starts with the first call, so that a node which nobody asks for handlers does not pay for them; otherwise with
    /// the node.
    /// </summary>
    public HandlerRuntimeOptions Runtime { get; init; } = new() { MinInstances = 0 };

    /// <summary>Largest body of a request for handlers and panels, and largest WebSocket message. Default 1 MiB.</summary>
    public int BodyBytes { get; init; } = 1024 * 1024;

    /// <summary>Most calls of one batch. Default 1,000.</summary>
    public int BatchCalls { get; init; } = 1_000;

    /// <summary>A directory whose <c>*.js</c> files are compiled when the runtime starts; null for none.</summary>
    public string? WarmDirectory { get; init; }

    /// <summary>
    /// Origins of other sites' pages that may use handlers and panels, such as <c>https://app.example</c>, or <c>*</c>.
    /// Default none.
    /// </summary>
    public ImmutableArray<string> CorsOrigins { get; init; } = [];

    /// <summary>Whether <c>/metrics</c> has the names of the original, <c>nexus_…</c>, too. Default false.</summary>
    public bool MetricAliases { get; init; }

    /// <summary>The extension that sends HTTP requests for panels.</summary>
    public HttpExtensionOptions Http { get; init; } = new();
}
