using System.Buffers.Binary;
using System.Text.Unicode;

namespace Larder.Wasm.Wasi;

internal sealed partial class WasiCalls
{
    private const int EntryHeaderBytes = 24;
    private const int HostEntryHeaderBytes = 19;
    private const int SeekSet = 0;

    // Entries as the kernel writes them; made when a directory is first read.
    private byte[]? _hostEntries;

    /// <summary>
    /// Lists a directory from a cookie on. Cookies are the kernel's own, so nothing is remembered between calls and a
    /// made-up one ends in an error or at another entry.
    /// </summary>
    public Errno ReadDirectory(GuestMemory memory, uint number, uint address, uint length, ulong cookie, uint result)
    {
        var error = FindDirectory(number, Rights.ReadDirectory, out var directory);
        if (error != Errno.Success)
        {
            return error;
        }

        var target = memory.Window(address, length);
        _ = memory.Window(result, sizeof(uint));
        if (cookie > long.MaxValue || HostFiles.Seek(directory.File, (long)cookie, SeekSet) < 0)
        {
            return Errno.Invalid;
        }

        _hostEntries ??= new byte[32 * 1024];
        var used = 0;
        while (used < target.Length)
        {
            var count = HostFiles.Entries(directory.File, _hostEntries);
            if (count < 0)
            {
                return Errnos.FromLinux(HostFiles.LastError);
            }

            if (count == 0)
            {
                break;
            }

            used += Convert(directory, _hostEntries.AsSpan(0, count), target[used..]);
        }

        memory.Write32(result, (uint)used);
        return Errno.Success;
    }

    // The last entry is cut off where the guest's buffer ends, as the specification says.
    private static int Convert(HostDescriptor directory, ReadOnlySpan<byte> entries, Span<byte> target)
    {
        Span<byte> header = stackalloc byte[EntryHeaderBytes];
        var used = 0;
        while (!entries.IsEmpty && used < target.Length)
        {
            var entry = entries[..BinaryPrimitives.ReadUInt16LittleEndian(entries[16..])];
            entries = entries[entry.Length..];
            var name = entry[HostEntryHeaderBytes..];
            name = name[..name.IndexOf((byte)0)];
            if (!Utf8.IsValid(name))
            {
                // The guest has no way to name such a file.
                continue;
            }

            // What lies above a directory is none of the guest's business.
            var isParent = name.SequenceEqual(".."u8);
            header.Clear();
            entry[8..16].CopyTo(header);
            BinaryPrimitives.WriteUInt64LittleEndian(header[8..], isParent ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(entry));
            BinaryPrimitives.WriteInt32LittleEndian(header[16..], name.Length);
            header[20] = (byte)TypeOf(directory, entry[18], entry[HostEntryHeaderBytes..(HostEntryHeaderBytes + name.Length + 1)]);
            used += Append(header, target[used..]);
            used += Append(name, target[used..]);
        }

        return used;
    }

    private static int Append(ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        var count = Math.Min(bytes.Length, target.Length);
        bytes[..count].CopyTo(target);
        return count;
    }

    private static FileType TypeOf(HostDescriptor directory, byte hostType, ReadOnlySpan<byte> name) => hostType switch
    {
        8 => FileType.RegularFile,
        4 => FileType.Directory,
        10 => FileType.SymbolicLink,
        2 => FileType.CharacterDevice,
        6 => FileType.BlockDevice,
        12 => FileType.Socket,
        0 when HostFiles.Status(directory.File, name, out var status) == Errno.Success => status.Type,
        _ => FileType.Unknown,
    };
}
