using Larder.Cache.Arenas;
using Larder.Cache.Policy;

namespace Larder.Cache.Memory;

/// <summary>How an <see cref="ArtifactMemoryTier"/> is put together. Validated once, when the tier is created.</summary>
public sealed record MemoryTierOptions
{
    /// <summary>
    /// Most bytes that entries (payload, metadata and bookkeeping) and fills in flight may take together; 0 switches the
    /// tier off. On an arena, at most 15/16 of its size, so that the allocator has room to move. Default 256 MiB.
    /// </summary>
    public long CapacityBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Most entries; 0 switches the tier off. Default 1,048,576.</summary>
    public long MaxEntries { get; init; } = 1024 * 1024;

    /// <summary>How many shards, a power of two; null lets the capacity decide. Default null.</summary>
    public int? ShardCount { get; init; }

    /// <summary>Who goes when there is no room. Default <see cref="EvictionPolicyKind.Frequency"/>.</summary>
    public EvictionPolicyKind Policy { get; init; } = EvictionPolicyKind.Frequency;

    /// <summary>
    /// The preallocated region that payloads live in; null for ordinary arrays, which is the default. The tier creates
    /// and owns an arena of its own, unless <see cref="UsePreallocatedArena"/> is set.
    /// </summary>
    public ArenaOptions? Arena { get; init; }

    /// <summary>
    /// Whether the region is the process's own of <see cref="Arenas.Arena.EnsurePreallocated"/>, with
    /// <see cref="Arena"/> as what is asked for. Default false.
    /// </summary>
    public bool UsePreallocatedArena { get; init; }

    /// <summary>Most kinds that are counted apart; later ones are counted together. Default 256.</summary>
    public int MaxKinds { get; init; } = 256;

    internal void Validate()
    {
        Require(CapacityBytes >= 0, $"{nameof(CapacityBytes)} must not be negative");
        Require(MaxEntries >= 0, $"{nameof(MaxEntries)} must not be negative");
        Require(MaxKinds > 0, $"{nameof(MaxKinds)} must be at least 1");
        Require(!UsePreallocatedArena || Arena is not null, $"{nameof(UsePreallocatedArena)} needs {nameof(Arena)}");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new CacheException(CacheErrorKind.Configuration, $"Memory tier: {otherwise}.");
        }
    }
}
