using System.Runtime.InteropServices;

namespace Larder.Fuse;

/// <summary>
/// The attributes of a node, as <c>stat</c> shows them. The layout in memory is the kernel's <c>struct fuse_attr</c>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct FuseAttributes
{
    /// <summary>The type bits of <see cref="Mode"/>.</summary>
    public const uint TypeMask = 0xF000;

    /// <summary>A named pipe.</summary>
    public const uint Pipe = 0x1000;

    /// <summary>A character device.</summary>
    public const uint CharacterDevice = 0x2000;

    /// <summary>A directory.</summary>
    public const uint Directory = 0x4000;

    /// <summary>A block device.</summary>
    public const uint BlockDevice = 0x6000;

    /// <summary>A regular file.</summary>
    public const uint RegularFile = 0x8000;

    /// <summary>A symbolic link.</summary>
    public const uint SymbolicLink = 0xA000;

    /// <summary>A socket.</summary>
    public const uint Socket = 0xC000;

    /// <summary>The number that <c>st_ino</c> shows; the same for all names of one file.</summary>
    public ulong Inode { get; init; }

    /// <summary>Size in bytes.</summary>
    public ulong Size { get; init; }

    /// <summary>Space taken, in blocks of 512 bytes.</summary>
    public ulong Blocks { get; init; }

    /// <summary>Last access, in seconds since 1970; may be negative.</summary>
    public long AccessSeconds { get; init; }

    /// <summary>Last change of content, in seconds since 1970; may be negative.</summary>
    public long ModifySeconds { get; init; }

    /// <summary>Last change of attributes, in seconds since 1970; may be negative.</summary>
    public long ChangeSeconds { get; init; }

    /// <summary>Nanoseconds after <see cref="AccessSeconds"/>.</summary>
    public uint AccessNanoseconds { get; init; }

    /// <summary>Nanoseconds after <see cref="ModifySeconds"/>.</summary>
    public uint ModifyNanoseconds { get; init; }

    /// <summary>Nanoseconds after <see cref="ChangeSeconds"/>.</summary>
    public uint ChangeNanoseconds { get; init; }

    /// <summary>Type and permission bits.</summary>
    public uint Mode { get; init; }

    /// <summary>Number of names.</summary>
    public uint LinkCount { get; init; }

    /// <summary>Owner.</summary>
    public uint UserId { get; init; }

    /// <summary>Group.</summary>
    public uint GroupId { get; init; }

    /// <summary>Device number of device nodes, made by <see cref="EncodeDevice"/>.</summary>
    public uint Device { get; init; }

    /// <summary>Preferred size of reads, in bytes; 0 leaves it to the kernel.</summary>
    public uint BlockSize { get; init; }

    /// <summary>FUSE_ATTR flags; 0 for ordinary nodes.</summary>
    public uint Flags { get; init; }

    /// <summary>The kernel's 32-bit form of a device number.</summary>
    /// <param name="major">Major number, 12 bits.</param>
    /// <param name="minor">Minor number, 20 bits.</param>
    public static uint EncodeDevice(uint major, uint minor) =>
        (minor & 0xFF) | ((major & 0xFFF) << 8) | ((minor & 0xFFF00) << 12);
}
