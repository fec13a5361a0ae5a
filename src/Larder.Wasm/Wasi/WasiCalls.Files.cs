using System.Buffers.Binary;

namespace Larder.Wasm.Wasi;

internal sealed partial class WasiCalls
{
    private const uint DescriptorStatusBytes = 24;
    private const uint FileStatusBytes = 64;
    private const int SeekCurrent = 1;
    private const int SeekEnd = 2;
    private const uint MaximumAdvice = 5;

    public Errno Advise(uint number, ulong offset, ulong length, uint advice)
    {
        var error = FindFile(number, Rights.Advise, out var file);
        if (error != Errno.Success)
        {
            return error;
        }

        if (advice > MaximumAdvice || offset > long.MaxValue || length > long.MaxValue)
        {
            return Errno.Invalid;
        }

        // Linux: normal, random, sequential, will need, not needed, once. WASI has the second and third the other way.
        var hostAdvice = advice switch { 1 => 2, 2 => 1, _ => (int)advice };
        return Errnos.FromLinux(HostFiles.Advise(file.File, (long)offset, (long)length, hostAdvice));
    }

    public Errno Allocate(uint number, ulong offset, ulong length)
    {
        var error = FindFile(number, Rights.Allocate, out var file);
        return error == Errno.Success ? file.Allocate(offset, length) : error;
    }

    public Errno Close(uint number) => _descriptors.Close((int)number);

    public Errno Renumber(uint from, uint to) => _descriptors.Renumber((int)from, (int)to);

    public Errno DataSync(uint number) => Sync(number, Rights.DataSync, HostFiles.SyncData);

    public Errno Sync(uint number) => Sync(number, Rights.Sync, HostFiles.SyncAll);

    public Errno DescriptorStatus(GuestMemory memory, uint number, uint result)
    {
        var error = Find(number, Rights.None, out var descriptor);
        if (error != Errno.Success)
        {
            return error;
        }

        var bytes = memory.Window(result, DescriptorStatusBytes);
        bytes.Clear();
        bytes[0] = (byte)descriptor.Type;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], (ushort)descriptor.Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], (ulong)descriptor.Rights);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], (ulong)descriptor.Inheriting);
        return Errno.Success;
    }

    public Errno SetFlags(uint number, uint flags)
    {
        const DescriptorFlags Changeable = DescriptorFlags.Append | DescriptorFlags.NonBlocking;
        var error = Find(number, Rights.SetFlags, out var descriptor);
        if (error != Errno.Success)
        {
            return error;
        }

        var wanted = (DescriptorFlags)flags;
        if (flags > (uint)DescriptorFlags.All || ((wanted ^ descriptor.Flags) & ~Changeable) != 0)
        {
            return Errno.Invalid;
        }

        if (descriptor is HostDescriptor file)
        {
            return file.SetFlags(wanted);
        }

        // A standard stream belongs to the host too, so nothing about it is changed.
        return wanted == descriptor.Flags ? Errno.Success : Errno.NotSupported;
    }

    public Errno SetRights(uint number, ulong rights, ulong inheriting)
    {
        var error = Find(number, Rights.None, out var descriptor);
        if (error != Errno.Success)
        {
            return error;
        }

        if (((Rights)rights & ~descriptor.Rights) != 0 || ((Rights)inheriting & ~descriptor.Inheriting) != 0)
        {
            return Errno.NotCapable;
        }

        descriptor.Rights = (Rights)rights;
        descriptor.Inheriting = (Rights)inheriting;
        return Errno.Success;
    }

    public Errno FileStatusOf(GuestMemory memory, uint number, uint result)
    {
        var error = Find(number, Rights.Stat, out var descriptor);
        if (error != Errno.Success)
        {
            return error;
        }

        var bytes = memory.Window(result, FileStatusBytes);
        if (descriptor is HostDescriptor file)
        {
            error = HostFiles.Status(file.File, out var status);
            if (error == Errno.Success)
            {
                Write(bytes, status);
            }

            return error;
        }

        bytes.Clear();
        bytes[16] = (byte)descriptor.Type;
        return Errno.Success;
    }

    public Errno SetSize(uint number, ulong size)
    {
        var error = FindFile(number, Rights.SetSize, out var file);
        return error == Errno.Success ? file.SetLength(size) : error;
    }

    public Errno SetTimes(uint number, ulong accessed, ulong modified, uint flags)
    {
        var error = Find(number, Rights.SetTimes, out var descriptor);
        if (error != Errno.Success)
        {
            return error;
        }

        Span<FileTime> times = stackalloc FileTime[2];
        error = Times(accessed, modified, flags, times);
        if (error != Errno.Success)
        {
            return error;
        }

        return descriptor is HostDescriptor file ? HostFiles.SetTimes(file.File, times) : Errno.NotSupported;
    }

    public Errno Read(GuestMemory memory, uint number, uint vectors, uint count, uint result)
    {
        if (_descriptors[(int)number] is { Type: FileType.Directory })
        {
            return Errno.IsDirectory;
        }

        var error = Find(number, Rights.Read, out var descriptor);
        return error != Errno.Success
            ? error
            : Transfer(memory, vectors, count, result, (Span<byte> bytes, long _, out int moved) => descriptor.Read(bytes, out moved));
    }

    public Errno Write(GuestMemory memory, uint number, uint vectors, uint count, uint result)
    {
        var error = Find(number, Rights.Write, out var descriptor);
        return error != Errno.Success
            ? error
            : Transfer(memory, vectors, count, result, (Span<byte> bytes, long _, out int moved) => descriptor.Write(bytes, out moved));
    }

    public Errno ReadAt(GuestMemory memory, uint number, uint vectors, uint count, ulong offset, uint result)
    {
        var error = FindFile(number, Rights.Read | Rights.Seek, out var file);
        if (error != Errno.Success)
        {
            return error;
        }

        return offset > long.MaxValue - uint.MaxValue
            ? Errno.Invalid
            : Transfer(
                memory, vectors, count, result, (Span<byte> bytes, long done, out int moved) => file.ReadAt(bytes, (long)offset + done, out moved));
    }

    public Errno WriteAt(GuestMemory memory, uint number, uint vectors, uint count, ulong offset, uint result)
    {
        var error = FindFile(number, Rights.Write | Rights.Seek, out var file);
        if (error != Errno.Success)
        {
            return error;
        }

        return offset > long.MaxValue - uint.MaxValue
            ? Errno.Invalid
            : Transfer(
                memory, vectors, count, result, (Span<byte> bytes, long done, out int moved) => file.WriteAt(bytes, (long)offset + done, out moved));
    }

    public Errno Seek(GuestMemory memory, uint number, long offset, uint whence, uint result)
    {
        var needed = offset == 0 && whence == SeekCurrent ? Rights.Tell : Rights.Seek | Rights.Tell;
        var error = FindFile(number, needed, out var file);
        if (error != Errno.Success)
        {
            return error;
        }

        if (whence > SeekEnd)
        {
            return Errno.Invalid;
        }

        _ = memory.Window(result, sizeof(ulong));
        error = file.Seek(offset, (int)whence, out var position);
        if (error == Errno.Success)
        {
            memory.Write64(result, position);
        }

        return error;
    }

    public Errno Tell(GuestMemory memory, uint number, uint result) => Seek(memory, number, 0, SeekCurrent, result);

    private static void Write(Span<byte> bytes, in FileStatus status)
    {
        bytes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, ((ulong)status.DeviceMajor << 32) | status.DeviceMinor);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], status.Inode);
        bytes[16] = (byte)status.Type;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], status.Links);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], status.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[40..], status.Accessed.SinceEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[48..], status.Modified.SinceEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[56..], status.Changed.SinceEpoch);
    }

    // Every part is checked before the first byte moves; a short part ends the transfer, as in readv and writev.
    private static Errno Transfer(GuestMemory memory, uint vectors, uint count, uint result, Mover move)
    {
        if (count > MaximumVectors)
        {
            return Errno.Invalid;
        }

        _ = memory.Window(result, sizeof(uint));
        _ = memory.Window(vectors, count, VectorBytes);
        ulong all = 0;
        for (uint index = 0; index < count; index++)
        {
            var length = memory.Read32(vectors + (index * VectorBytes) + sizeof(uint));
            _ = memory.Window(memory.Read32(vectors + (index * VectorBytes)), length);
            all += length;
        }

        if (all > int.MaxValue)
        {
            return Errno.Invalid;
        }

        uint total = 0;
        for (uint index = 0; index < count; index++)
        {
            // What was read may have changed the vectors, so they are checked again.
            var address = memory.Read32(vectors + (index * VectorBytes));
            var window = memory.Window(address, memory.Read32(vectors + (index * VectorBytes) + sizeof(uint)));
            if (window.IsEmpty)
            {
                continue;
            }

            var error = move(window, total, out var moved);
            total += (uint)moved;
            if (error != Errno.Success && total == 0)
            {
                return error;
            }

            if (error != Errno.Success || moved < window.Length)
            {
                break;
            }
        }

        memory.Write32(result, total);
        return Errno.Success;
    }

    private Errno Sync(uint number, Rights needed, Func<int, int> sync)
    {
        var error = Find(number, needed, out var descriptor);
        if (error != Errno.Success)
        {
            return error;
        }

        return descriptor is HostDescriptor file ? HostFiles.Check(sync(file.File)) : Errno.Invalid;
    }

    private Errno Times(ulong accessed, ulong modified, uint flags, Span<FileTime> times)
    {
        const uint SetAccessed = 1;
        const uint AccessedNow = 2;
        const uint SetModified = 4;
        const uint ModifiedNow = 8;
        if (flags > 15 || (flags & (SetAccessed | AccessedNow)) == 3 || (flags & (SetModified | ModifiedNow)) == 12)
        {
            return Errno.Invalid;
        }

        times[0] = Time(accessed, flags & SetAccessed, flags & AccessedNow);
        times[1] = Time(modified, flags & SetModified, flags & ModifiedNow);
        return Errno.Success;
    }

    // The present is that of the guest's clock.
    private FileTime Time(ulong value, uint set, uint now) =>
        now != 0 ? FileTime.FromEpoch(Now(ClockId.Realtime))
        : set != 0 ? FileTime.FromEpoch(value)
        : new FileTime { Nanoseconds = FileTime.Omit };

    private delegate Errno Mover(Span<byte> bytes, long done, out int moved);
}
