using Larder.Cache.Disk;
using Larder.Cache.Memory;

namespace Larder.Cache.Sizing;

/// <summary>What entries take from the capacity of a tier.</summary>
public static class EntryWeights
{
    /// <summary>In the memory tier on ordinary arrays: the payload and its bookkeeping, with metadata of usual size.</summary>
    public static long InMemory(long payloadBytes) => payloadBytes + MemoryContent.OverheadBytes;

    /// <summary>In the disk tier: whole blocks for payload and trailer, and the entry's records.</summary>
    public static long OnDisk(long payloadBytes) => DiskTier.WeightOf(payloadBytes);
}
