using Larder.Cache.Artifacts;

namespace Larder.Cache.Diagnostics;

/// <summary>The state of one tier and its figures per kind, as one snapshot.</summary>
public sealed record TierStatistics
{
    /// <summary>Which tier.</summary>
    public required TierKind Tier { get; init; }

    /// <summary>Entries now.</summary>
    public long Entries { get; init; }

    /// <summary>Weight of the entries now, in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes booked by fills in flight; within the capacity together with <see cref="Bytes"/>.</summary>
    public long ReservedBytes { get; init; }

    /// <summary>Most bytes the tier may hold; 0 when it is switched off, -1 when it has no limit of its own.</summary>
    public long CapacityBytes { get; init; }

    /// <summary>Most entries the tier may hold; -1 without a limit.</summary>
    public long MaxEntries { get; init; }

    /// <summary>Failures of the medium since the tier was opened.</summary>
    public long Errors { get; init; }

    /// <summary>Entries that wait to be written to this tier behind the caller's back.</summary>
    public long QueuedEntries { get; init; }

    /// <summary>Payload bytes of those.</summary>
    public long QueuedBytes { get; init; }

    /// <summary>Whether the tier takes work now; false while its medium is broken or its circuit is open.</summary>
    public bool Available { get; init; } = true;

    /// <summary>The figures of each kind that was ever seen, by name.</summary>
    public IReadOnlyList<KindStatistics> Kinds { get; init; } = [];
}
