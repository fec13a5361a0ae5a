using Larder.Cache.Artifacts;

namespace Larder.Cache.Diagnostics;

/// <summary>One eviction decision: everything that one put, resize or trim pushed out of one shard.</summary>
/// <param name="Entries">Entries removed.</param>
/// <param name="Bytes">Weight removed, in bytes.</param>
/// <param name="MaxAgeTicks">Longest time since last use among them, in ticks of the shard's clock.</param>
/// <param name="Reason">Which limit made it necessary.</param>
public readonly record struct EvictionReport(long Entries, long Bytes, long MaxAgeTicks, RemovalReason Reason);
