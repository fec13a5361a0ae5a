namespace Larder.Cache.Disk;

/// <summary>Orders of a listing; ties fall back to the name.</summary>
public enum DiskOrder : byte
{
    /// <summary>By kind and fingerprint.</summary>
    Name,

    /// <summary>By payload length, the smallest first.</summary>
    Size,

    /// <summary>By last use, the oldest first.</summary>
    Used,
}
