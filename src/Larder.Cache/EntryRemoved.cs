using Larder.Cache.Artifacts;

namespace Larder.Cache;

/// <summary>One entry that left a tier.</summary>
/// <param name="Tier">Where it was.</param>
/// <param name="Key">What it was.</param>
/// <param name="Weight">What it had cost there, in bytes.</param>
/// <param name="AgeTicks">Time since its last use in ticks of its shard's clock; -1 where the tier keeps none.</param>
/// <param name="Reason">Why it left.</param>
public readonly record struct EntryRemoved(TierKind Tier, ArtifactKey Key, long Weight, long AgeTicks, RemovalReason Reason);
