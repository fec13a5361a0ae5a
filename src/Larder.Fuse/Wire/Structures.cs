using System.Runtime.InteropServices;

namespace Larder.Fuse.Wire;

/// <summary>struct fuse_in_header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InHeader
{
    public uint Length;
    public uint Opcode;
    public ulong Unique;
    public ulong Node;
    public uint UserId;
    public uint GroupId;
    public uint ThreadId;
    public ushort ExtensionUnits;
    public ushort Padding;
}

/// <summary>struct fuse_out_header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OutHeader
{
    public uint Length;
    public int Error;
    public ulong Unique;
}

/// <summary>struct fuse_entry_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EntryOut
{
    public ulong Node;
    public ulong Generation;
    public ulong EntrySeconds;
    public ulong AttributeSeconds;
    public uint EntryNanoseconds;
    public uint AttributeNanoseconds;
    public FuseAttributes Attributes;
}

/// <summary>struct fuse_attr_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AttributesOut
{
    public ulong Seconds;
    public uint Nanoseconds;
    public uint Padding;
    public FuseAttributes Attributes;
}

/// <summary>struct fuse_open_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenIn
{
    public uint Flags;
    public uint OpenFlags;
}

/// <summary>struct fuse_open_out; the last field is the backing id since 7.40.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenOut
{
    internal const uint PassthroughFlag = 128;

    public ulong Handle;
    public uint Flags;
    public int Backing;
}

/// <summary>struct fuse_read_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ReadIn
{
    public ulong Handle;
    public ulong Offset;
    public uint Size;
    public uint ReadFlags;
    public ulong LockOwner;
    public uint Flags;
    public uint Padding;
}

/// <summary>struct fuse_release_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ReleaseIn
{
    public ulong Handle;
    public uint Flags;
    public uint ReleaseFlags;
    public ulong LockOwner;
}

/// <summary>struct fuse_getxattr_in, and fuse_getxattr_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SizeAndPadding
{
    public uint Size;
    public uint Padding;
}

/// <summary>struct fuse_access_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AccessIn
{
    public uint Mask;
    public uint Padding;
}

/// <summary>struct fuse_batch_forget_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BatchForgetIn
{
    public uint Count;
    public uint Padding;
}

/// <summary>struct fuse_forget_one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForgetOne
{
    public ulong Node;
    public ulong Count;
}

/// <summary>struct fuse_statfs_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StatisticsOut
{
    public ulong Blocks;
    public ulong FreeBlocks;
    public ulong AvailableBlocks;
    public ulong Nodes;
    public ulong FreeNodes;
    public uint BlockSize;
    public uint MaxNameLength;
    public uint FragmentSize;
    public uint Padding;
    public ulong Spare0;
    public ulong Spare1;
    public ulong Spare2;
}

/// <summary>struct fuse_dirent without the name.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DirectoryEntry
{
    public ulong Inode;
    public ulong NextOffset;
    public uint NameLength;
    public uint Type;
}

/// <summary>struct fuse_init_in; old kernels send its first 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InitIn
{
    internal const int OldSize = 16;

    public uint Major;
    public uint Minor;
    public uint MaxReadAhead;
    public uint Flags;
    public uint Flags2;
}

/// <summary>struct fuse_init_out, 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InitOut
{
    public uint Major;
    public uint Minor;
    public uint MaxReadAhead;
    public uint Flags;
    public ushort MaxBackground;
    public ushort CongestionThreshold;
    public uint MaxWrite;
    public uint TimeGranularity;
    public ushort MaxPages;
    public ushort MapAlignment;
    public uint Flags2;
    public uint MaxStackDepth;
    public ushort RequestTimeout;
    public ushort Unused0;
    public uint Unused1;
    public uint Unused2;
    public uint Unused3;
    public uint Unused4;
    public uint Unused5;
}

/// <summary>struct fuse_backing_map.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BackingMap
{
    public int Descriptor;
    public uint Flags;
    public ulong Padding;
}
