using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <summary>A value that a cache holds no more, or did not take.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">The value itself.</param>
/// <param name="Weight">What it weighed.</param>
/// <param name="Reason">
/// Why; <see cref="RemovalReason.NotAdmitted"/> for every candidate of a put that stored nothing.
/// </param>
/// <param name="AgeTicks">Time since its last use in ticks of its shard's clock; -1 where nobody asked for it.</param>
public readonly record struct RemovedEntry<TKey, TValue>(TKey Key, TValue Value, long Weight, RemovalReason Reason, long AgeTicks = -1);
