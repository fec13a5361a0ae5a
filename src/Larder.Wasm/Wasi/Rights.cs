namespace Larder.Wasm.Wasi;

/// <summary>What may be done with a descriptor. The bits are the specification's.</summary>
[Flags]
internal enum Rights : ulong
{
    None = 0,
    DataSync = 1UL << 0,
    Read = 1UL << 1,
    Seek = 1UL << 2,
    SetFlags = 1UL << 3,
    Sync = 1UL << 4,
    Tell = 1UL << 5,
    Write = 1UL << 6,
    Advise = 1UL << 7,
    Allocate = 1UL << 8,
    CreateDirectory = 1UL << 9,
    CreateFile = 1UL << 10,
    LinkSource = 1UL << 11,
    LinkTarget = 1UL << 12,
    OpenPath = 1UL << 13,
    ReadDirectory = 1UL << 14,
    ReadLink = 1UL << 15,
    RenameSource = 1UL << 16,
    RenameTarget = 1UL << 17,
    PathStat = 1UL << 18,
    PathSetSize = 1UL << 19,
    PathSetTimes = 1UL << 20,
    Stat = 1UL << 21,
    SetSize = 1UL << 22,
    SetTimes = 1UL << 23,
    Symlink = 1UL << 24,
    RemoveDirectory = 1UL << 25,
    Unlink = 1UL << 26,
    Poll = 1UL << 27,

    /// <summary>What changes nothing, on files.</summary>
    ReadFile = Read | Seek | SetFlags | Tell | Advise | Stat | Poll | Sync | DataSync,

    /// <summary>Everything on files.</summary>
    AllFile = ReadFile | Write | Allocate | SetSize | SetTimes,

    /// <summary>What changes nothing, on directories.</summary>
    ReadDirectories = OpenPath | ReadDirectory | ReadLink | PathStat | Stat | SetFlags | Sync | DataSync,

    /// <summary>Everything on directories.</summary>
    AllDirectory = ReadDirectories | CreateDirectory | CreateFile | LinkSource | LinkTarget | RenameSource | RenameTarget
        | PathSetSize | PathSetTimes | SetTimes | Symlink | RemoveDirectory | Unlink,

    /// <summary>What needs a file of the host that is open for writing.</summary>
    NeedsWriting = Write | Allocate | SetSize,
}

/// <summary>What a descriptor refers to. The numbers are the specification's.</summary>
internal enum FileType : byte
{
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    Socket = 6,
    SymbolicLink = 7,
}

/// <summary>Flags of an open descriptor. The bits are the specification's.</summary>
[Flags]
internal enum DescriptorFlags : ushort
{
    None = 0,
    Append = 1,
    DataSync = 2,
    NonBlocking = 4,
    ReadSync = 8,
    Sync = 16,
    All = 31,
}

/// <summary>How a path is opened. The bits are the specification's.</summary>
[Flags]
internal enum OpenFlags : ushort
{
    None = 0,
    Create = 1,
    Directory = 2,
    Exclusive = 4,
    Truncate = 8,
    All = 15,
}
