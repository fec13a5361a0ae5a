namespace Larder.Cache.Disk;

/// <summary>What a process may do with the directory of a disk tier.</summary>
public enum DiskTierMode
{
    /// <summary>Reads, adds, evicts, scrubs. One process at a time; guarded by a lock file.</summary>
    Owner,

    /// <summary>Reads and adds beside an owner. Never evicts, moves or repairs what others wrote.</summary>
    Shared,
}
