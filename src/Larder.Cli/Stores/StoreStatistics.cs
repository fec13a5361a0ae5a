using System.Text.Json;
using System.Text.Json.Serialization;
using Larder.Cache.Diagnostics;

namespace Larder.Cli.Stores;

/// <summary>What a store has counted.</summary>
/// <param name="Tiers">The tiers from upper to lower.</param>
internal sealed record StoreStatistics(IReadOnlyList<TierStatistics> Tiers)
{
    /// <summary>How long the node has been up; null for a directory.</summary>
    public TimeSpan? Uptime { get; init; }

    /// <summary>The node's version; null for a directory.</summary>
    public string? Version { get; init; }

    /// <summary>What the node is doing: recovering, ready or draining; null for a directory.</summary>
    public string? State { get; init; }

    /// <summary>The directory that holds the disk tier, where it is known.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>All that the node said, for programs; null for a directory.</summary>
    [JsonIgnore]
    public JsonElement? Document { get; init; }
}
