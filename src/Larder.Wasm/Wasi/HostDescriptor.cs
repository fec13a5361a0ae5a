using Microsoft.Win32.SafeHandles;

namespace Larder.Wasm.Wasi;

/// <summary>A file or directory of the host. The handle is closed with it, at the latest when it is collected.</summary>
internal sealed class HostDescriptor : Descriptor
{
    private const int FromCurrent = 1;
    private const int FromEnd = 2;

    private readonly SafeFileHandle _handle;
    private readonly long _maximumBytes;

    public HostDescriptor(int file, FileType type, Rights rights, Rights inheriting, long maximumBytes)
        : base(type, rights, inheriting)
    {
        _handle = new SafeFileHandle(file, ownsHandle: true);
        _maximumBytes = maximumBytes;
    }

    /// <summary>The host's number. The table keeps the handle alive while a call uses it.</summary>
    public int File => (int)_handle.DangerousGetHandle();

    public override Errno Read(Span<byte> bytes, out int count) => ReadAt(bytes, -1, out count);

    public override Errno Write(ReadOnlySpan<byte> bytes, out int count)
    {
        count = 0;
        var position = HostFiles.Seek(File, 0, Flags.HasFlag(DescriptorFlags.Append) ? FromEnd : FromCurrent);
        return position < 0 ? Errnos.FromLinux(HostFiles.LastError) : WriteWithin(bytes, position, -1, out count);
    }

    /// <summary>Reads at an offset, or where it stands when that is -1.</summary>
    public Errno ReadAt(Span<byte> bytes, long offset, out int count)
    {
        var read = HostFiles.Read(File, bytes, offset);
        count = (int)Math.Max(read, 0);
        return read < 0 ? Errnos.FromLinux(HostFiles.LastError) : Errno.Success;
    }

    public Errno WriteAt(ReadOnlySpan<byte> bytes, long offset, out int count) => WriteWithin(bytes, offset, offset, out count);

    public Errno Seek(long offset, int whence, out ulong position)
    {
        var result = HostFiles.Seek(File, offset, whence);
        position = (ulong)Math.Max(result, 0);
        return result < 0 ? Errnos.FromLinux(HostFiles.LastError) : Errno.Success;
    }

    public Errno SetLength(ulong length) => length > (ulong)_maximumBytes
        ? Errno.FileTooBig
        : HostFiles.Check(HostFiles.SetLength(File, (long)length));

    public Errno Allocate(ulong offset, ulong length)
    {
        if (length == 0)
        {
            return Errno.Invalid;
        }

        return offset > (ulong)_maximumBytes || length > (ulong)_maximumBytes - offset
            ? Errno.FileTooBig
            : Errnos.FromLinux(HostFiles.Allocate(File, (long)offset, (long)length));
    }

    /// <summary>Sets the flags that can change while it is open.</summary>
    public Errno SetFlags(DescriptorFlags flags)
    {
        var host = (flags.HasFlag(DescriptorFlags.Append) ? HostFiles.Append : 0)
            | (flags.HasFlag(DescriptorFlags.NonBlocking) ? HostFiles.NonBlocking : 0);
        var error = HostFiles.Check(HostFiles.Control(File, HostFiles.SetFlags, host));
        if (error == Errno.Success)
        {
            Flags = flags;
        }

        return error;
    }

    public override void Dispose()
    {
        _handle.Dispose();
        base.Dispose();
    }

    private Errno WriteWithin(ReadOnlySpan<byte> bytes, long position, long offset, out int count)
    {
        count = 0;
        if (bytes.IsEmpty)
        {
            return Errno.Success;
        }

        if (position >= _maximumBytes)
        {
            return Errno.FileTooBig;
        }

        var written = HostFiles.Write(File, bytes[..(int)Math.Min(bytes.Length, _maximumBytes - position)], offset);
        count = (int)Math.Max(written, 0);
        return written < 0 ? Errnos.FromLinux(HostFiles.LastError) : Errno.Success;
    }
}
