namespace Larder.Cache.Memory;

/// <summary>What one shard has counted. Written under the shard's lock.</summary>
internal struct ShardCounters
{
    public long Puts;
    public long PutBytes;
    public long Evicted;
    public long EvictedBytes;
    public long Removed;
    public long RemovedBytes;
    public long Replaced;
    public long ReplacedBytes;
    public long Refused;
    public long RefusedBytes;
    public long NotAdmitted;

    /// <summary>Adds another shard's figures.</summary>
    public void Add(in ShardCounters other)
    {
        Puts += other.Puts;
        PutBytes += other.PutBytes;
        Evicted += other.Evicted;
        EvictedBytes += other.EvictedBytes;
        Removed += other.Removed;
        RemovedBytes += other.RemovedBytes;
        Replaced += other.Replaced;
        ReplacedBytes += other.ReplacedBytes;
        Refused += other.Refused;
        RefusedBytes += other.RefusedBytes;
        NotAdmitted += other.NotAdmitted;
    }
}
