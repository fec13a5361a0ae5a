using System.Collections.Immutable;
using Larder.Handlers.Capabilities;

namespace Larder.Node.Panels;

/// <summary>One thing that a panel can do.</summary>
internal sealed record PanelTool
{
    /// <summary>Its name within the panel.</summary>
    public required string Name { get; init; }

    /// <summary>The source of its handler.</summary>
    public required string Handler { get; init; }

    /// <summary>What makes it run besides its callers.</summary>
    public required PanelTrigger Trigger { get; init; }

    /// <summary>What it does, for people; null when nobody said.</summary>
    public string? Description { get; init; }

    /// <summary>What its handler may do.</summary>
    public required CapabilitySet Capabilities { get; init; }

    /// <summary>The arguments that it declares.</summary>
    public ImmutableArray<ToolArgument> Arguments { get; init; } = [];
}
