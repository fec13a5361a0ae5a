namespace Larder.Cache.Disk;

/// <summary>What reading an entry again found.</summary>
public enum EntryCondition : byte
{
    /// <summary>There is no such entry.</summary>
    Absent,

    /// <summary>Every byte is as it was written.</summary>
    Sound,

    /// <summary>Something is not as it was written; the entry is set aside.</summary>
    Damaged,

    /// <summary>The medium failed, or the file changed all the while; nothing is known of the bytes.</summary>
    Unreadable,
}
