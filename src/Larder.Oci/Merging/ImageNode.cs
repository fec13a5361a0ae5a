using Larder.Oci.Indexes;

namespace Larder.Oci.Merging;

/// <summary>A file, directory or other inode of an image; names that are hard links of each other share one.</summary>
public readonly record struct ImageNode
{
    /// <summary>What it is; never a hard link.</summary>
    public LayerEntryType Type { get; internal init; }

    /// <summary>Permission bits with set-user-id, set-group-id and sticky.</summary>
    public ushort Mode { get; internal init; }

    /// <summary>The owner.</summary>
    public uint UserId { get; internal init; }

    /// <summary>The group.</summary>
    public uint GroupId { get; internal init; }

    /// <summary>Names; for a directory 2 and one for each directory in it.</summary>
    public uint LinkCount { get; internal init; }

    /// <summary>Bytes of a file, with holes; of a symbolic link's target; of a directory a round figure.</summary>
    public long Size { get; internal init; }

    /// <summary>Bytes that are stored, without holes.</summary>
    public long StoredBytes { get; internal init; }

    /// <summary>Time of the last change, in seconds since 1970.</summary>
    public long ModifiedSeconds { get; internal init; }

    /// <summary>Nanoseconds after it.</summary>
    public uint ModifiedNanoseconds { get; internal init; }

    /// <summary>Major number of a device.</summary>
    public uint DeviceMajor { get; internal init; }

    /// <summary>Minor number of a device.</summary>
    public uint DeviceMinor { get; internal init; }

    /// <summary>The layer that it comes from, the lowest being 0; -1 for a directory that no layer lists.</summary>
    public int Layer { get; internal init; }

    /// <summary>A directory's own directory; of anything else, the directory of one of its names. The root's is the root.</summary>
    public int Parent { get; internal init; }

    // Directory: first row of the entries. File: first extent. Symbolic link: where the target begins.
    internal int First { get; init; }

    // Directory: entries. File: extents. Symbolic link: bytes of the target.
    internal int Count { get; init; }

    // -1 for none.
    internal int XattrSet { get; init; }

    internal ImageNode AsDirectory(int first, int count, uint links, long size) => this with
    {
        First = first, Count = count, LinkCount = links, Size = size,
    };
}
