using System.Runtime.InteropServices;

namespace Larder.Wasm.Wasi;

/// <summary>The kernel's <c>struct statx</c>, as far as it is used; the same on every processor.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    [FieldOffset(16)]
    public uint Links;

    [FieldOffset(28)]
    public ushort Mode;

    [FieldOffset(32)]
    public ulong Inode;

    [FieldOffset(40)]
    public ulong Length;

    [FieldOffset(64)]
    public StatusTime Accessed;

    [FieldOffset(96)]
    public StatusTime Changed;

    [FieldOffset(112)]
    public StatusTime Modified;

    [FieldOffset(136)]
    public uint DeviceMajor;

    [FieldOffset(140)]
    public uint DeviceMinor;

    public readonly FileType Type => (Mode & 0xF000) switch
    {
        0x8000 => FileType.RegularFile,
        0x4000 => FileType.Directory,
        0xA000 => FileType.SymbolicLink,
        0x2000 => FileType.CharacterDevice,
        0x6000 => FileType.BlockDevice,
        0xC000 => FileType.Socket,
        _ => FileType.Unknown,
    };

    /// <summary>A moment in the kernel's words.</summary>
    public struct StatusTime
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Padding;

        /// <summary>Nanoseconds since 1970; moments that WASI cannot tell become the nearest that it can.</summary>
        public readonly ulong SinceEpoch => Seconds < 0
            ? 0
            : Seconds > (long)(ulong.MaxValue / 1_000_000_000) - 1 ? ulong.MaxValue : ((ulong)Seconds * 1_000_000_000) + Nanoseconds;
    }
}

/// <summary>The C library's <c>struct timespec</c> on 64-bit machines.</summary>
internal struct FileTime
{
    /// <summary>In place of the nanoseconds: leave the time as it is.</summary>
    public const long Omit = 0x3FFFFFFE;

    public long Seconds;
    public long Nanoseconds;

    public static FileTime FromEpoch(ulong nanoseconds) => new()
    {
        Seconds = (long)(nanoseconds / 1_000_000_000),
        Nanoseconds = (long)(nanoseconds % 1_000_000_000),
    };
}
