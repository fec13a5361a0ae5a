using Larder.Cache.Fingerprints;

namespace Larder.Node.Dashboard;

/// <summary>The answer to <c>GET /v1/events</c>.</summary>
internal sealed record EventsReport
{
    /// <summary>The number that the next event will get; ask with one less as <c>after</c> to get only what is new.</summary>
    public long Next { get; init; }

    public long RemovalsDropped { get; init; }

    public long MissesDropped { get; init; }

    /// <summary>Entries that left since the start, by reason, dropped ones included.</summary>
    public required SortedDictionary<string, long> Removed { get; init; }

    public required IReadOnlyList<RemovalEvent> Removals { get; init; }

    public required IReadOnlyList<MissEvent> Misses { get; init; }
}

/// <summary>One entry that left a tier.</summary>
internal sealed record RemovalEvent
{
    public long Number { get; init; }

    public DateTimeOffset Time { get; init; }

    public required string Tier { get; init; }

    public required string Kind { get; init; }

    public Fingerprint Fingerprint { get; init; }

    public long Bytes { get; init; }

    /// <summary>Time since its last use in ticks of its shard's clock; null where the tier keeps none.</summary>
    public long? AgeTicks { get; init; }

    public required string Reason { get; init; }
}

/// <summary>One lookup that missed everywhere, and why as far as the node remembers.</summary>
internal sealed record MissEvent
{
    /// <summary>It was here and left: see <see cref="LeftAt"/> and <see cref="LeftReason"/>.</summary>
    public const string Left = "left";

    /// <summary>An artifact with a similar recipe is known: see <see cref="Nearest"/> and <see cref="Differences"/>.</summary>
    public const string Differs = "differs";

    /// <summary>The same recipe was asked for before; its artifact left long ago or was never stored.</summary>
    public const string Seen = "seen";

    /// <summary>Nothing like it was seen lately.</summary>
    public const string Unseen = "unseen";

    public long Number { get; init; }

    public DateTimeOffset Time { get; init; }

    public required string Kind { get; init; }

    public Fingerprint Fingerprint { get; init; }

    public required string Cause { get; init; }

    public Fingerprint? Nearest { get; init; }

    public IReadOnlyList<ComponentChange> Differences { get; init; } = [];

    public DateTimeOffset? LeftAt { get; init; }

    public string? LeftReason { get; init; }
}

/// <summary>A recipe component in which two artifacts differ.</summary>
/// <param name="Name">The component's name.</param>
/// <param name="Before">Its value in the earlier recipe as people read it; null when it was not there.</param>
/// <param name="Now">Its value in the recipe that missed; null when it is not there.</param>
internal sealed record ComponentChange(string Name, string? Before, string? Now);
