using System.Runtime.InteropServices;
using Larder.Fuse;

namespace Larder.Samples.Mirror;

/// <summary>What the BCL does not tell of a file: owners, devices, link groups, extended attributes. 64-bit Linux.</summary>
internal static unsafe partial class HostFiles
{
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint BasicStatistics = 0x7FF;

    /// <summary>The attributes of a path that is not followed, and the device that it lies on.</summary>
    public static FuseAttributes GetAttributes(string path, out ulong device)
    {
        Statx status;
        if (GetStatus(CurrentDirectory, path, NoFollow, BasicStatistics, &status) != 0)
        {
            throw new IOException($"{path} cannot be read (error {Marshal.GetLastPInvokeError()}).");
        }

        device = ((ulong)status.DeviceMajor << 32) | status.DeviceMinor;

        return new FuseAttributes
        {
            Inode = status.Inode,
            Size = status.Size,
            Blocks = status.Blocks,
            Mode = status.Mode,
            LinkCount = status.LinkCount,
            UserId = status.UserId,
            GroupId = status.GroupId,
            Device = FuseAttributes.EncodeDevice(status.NodeMajor, status.NodeMinor),
            BlockSize = 4096,
            AccessSeconds = status.Access.Seconds,
            AccessNanoseconds = status.Access.Nanoseconds,
            ModifySeconds = status.Modify.Seconds,
            ModifyNanoseconds = status.Modify.Nanoseconds,
            ChangeSeconds = status.Change.Seconds,
            ChangeNanoseconds = status.Change.Nanoseconds,
        };
    }

    /// <summary>The names of a path's extended attributes, each with a zero byte after it.</summary>
    public static byte[] ListExtendedAttributes(string path)
    {
        var buffer = new byte[64 * 1024];
        fixed (byte* to = buffer)
        {
            var length = ListNames(path, to, buffer.Length);

            return length > 0 ? buffer[..(int)length] : [];
        }
    }

    /// <summary>The value of an extended attribute; null when there is none.</summary>
    public static byte[]? GetExtendedAttribute(string path, ReadOnlySpan<byte> name)
    {
        var buffer = new byte[64 * 1024];
        byte[] terminated = [.. name, 0];
        fixed (byte* to = buffer, named = terminated)
        {
            var length = GetValue(path, named, to, buffer.Length);

            return length >= 0 ? buffer[..(int)length] : null;
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int GetStatus(int directory, string path, int flags, uint mask, Statx* status);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "llistxattr", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint ListNames(string path, byte* list, nint size);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "lgetxattr", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint GetValue(string path, byte* name, byte* value, nint size);

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;
    }

    /// <summary>struct statx.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct Statx
    {
        public uint Mask;
        public uint BlockSize;
        public ulong Attributes;
        public uint LinkCount;
        public uint UserId;
        public uint GroupId;
        public ushort Mode;
        public ushort Spare;
        public ulong Inode;
        public ulong Size;
        public ulong Blocks;
        public ulong AttributesMask;
        public Time Access;
        public Time Birth;
        public Time Change;
        public Time Modify;
        public uint NodeMajor;
        public uint NodeMinor;
        public uint DeviceMajor;
        public uint DeviceMinor;
    }
}
