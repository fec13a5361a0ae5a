namespace Larder.Cache.Disk.Io;

/// <summary>What the file system says of one file; equal stamps of a settled file mean unchanged bytes.</summary>
/// <param name="Device">Device number.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="ModifiedNanoseconds">Last write, in nanoseconds since 1970.</param>
/// <param name="ChangedNanoseconds">
/// Last change of bytes, names or mode, in nanoseconds since 1970. Nobody can set it to a chosen value.
/// </param>
/// <param name="Links">Names that the file has; 0 after the last was removed.</param>
/// <param name="Mode">Type and permission bits.</param>
/// <param name="AllocatedBytes">Bytes of the blocks that the file takes.</param>
internal readonly record struct FileStamp(
    ulong Device,
    ulong Inode,
    long Size,
    long ModifiedNanoseconds,
    long ChangedNanoseconds,
    uint Links,
    uint Mode,
    long AllocatedBytes)
{
    private const uint TypeMask = 0xF000;
    private const uint RegularType = 0x8000;
    private const uint DirectoryType = 0x4000;

    /// <summary>Whether it is a plain file.</summary>
    public bool IsFile => (Mode & TypeMask) == RegularType;

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory => (Mode & TypeMask) == DirectoryType;

    /// <summary>Whether the bytes are the ones that <paramref name="other"/> was taken of.</summary>
    public bool HasSameBytes(in FileStamp other) =>
        Inode == other.Inode
        && Size == other.Size
        && ModifiedNanoseconds == other.ModifiedNanoseconds
        && ChangedNanoseconds == other.ChangedNanoseconds
        && Device == other.Device;
}
