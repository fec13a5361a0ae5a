namespace Larder.Cache.Artifacts;

/// <summary>Why an entry left a tier.</summary>
public enum RemovalReason : byte
{
    /// <summary>Evicted: there were too many entries.</summary>
    EntryLimit,

    /// <summary>Evicted: there were too many bytes.</summary>
    ByteLimit,

    /// <summary>Evicted: there were too many entries and too many bytes.</summary>
    EntryAndByteLimit,

    /// <summary>A refused put took the older value of its key away.</summary>
    RejectedPut,

    /// <summary>The policy preferred what it already held to this candidate.</summary>
    NotAdmitted,

    /// <summary>A newer value took its place. Not an eviction.</summary>
    Replaced,

    /// <summary>Somebody asked.</summary>
    Removed,

    /// <summary>It is wrong or its owner is.</summary>
    Invalidated,

    /// <summary>The capacity was lowered.</summary>
    Resized,

    /// <summary>Memory was short on the machine.</summary>
    Pressure,

    /// <summary>Its time was over.</summary>
    Expired,

    /// <summary>It failed verification and was set aside.</summary>
    Quarantined,
}
