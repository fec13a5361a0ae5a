namespace Larder.Cache.Disk.Io;

/// <summary>What a directory says of a name without asking the file.</summary>
internal enum DirectoryEntryType : byte
{
    /// <summary>The file system does not say.</summary>
    Unknown = 0,
    Pipe = 1,
    Character = 2,
    Directory = 4,
    Block = 6,
    File = 8,
    Link = 10,
    Socket = 12,
}
