using System.Buffers.Binary;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;
using Larder.Cache.Fingerprints;
using Larder.Cache.Integrity;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

/// <summary>The file that keeps the index between two runs. Source: docs/FORMATS.md.</summary>
internal sealed class IndexFile
{
    private const ushort Version = 1;
    private const int HeaderBytes = 32;
    private const int RecordBytes = 60;
    private const int FooterBytes = 12;
    private const int BufferBytes = 256 * 1024;

    private IndexFile(ArtifactKind[] kinds, DiskSlot[] slots)
    {
        Kinds = kinds;
        Slots = slots;
    }

    /// <summary>What the records' kind numbers mean.</summary>
    public ArtifactKind[] Kinds { get; }

    /// <summary>The entries, in the order in which they go into their queues.</summary>
    public DiskSlot[] Slots { get; }

    private static ReadOnlySpan<byte> HeaderMagic => "LRDRINDX"u8;

    private static ReadOnlySpan<byte> FooterMagic => "LRDRIEND"u8;

    /// <summary>Writes a new file.</summary>
    /// <param name="io">The file system.</param>
    /// <param name="path">The file's name, not taken yet.</param>
    /// <param name="kinds">What the slots' kind numbers mean.</param>
    /// <param name="slots">The entries; sorted here.</param>
    /// <param name="newest">The newest order number; numbers wrap around, distances from it do not.</param>
    public static Errno Write(DiskIo io, string path, List<string> kinds, List<DiskSlot> slots, uint newest)
    {
        slots.Sort((left, right) => (newest - right.Order).CompareTo(newest - left.Order));
        var error = io.Create(path, out var file);
        if (error != Errno.None)
        {
            return error;
        }

        using (file)
        {
            var writer = new Writer(io, file!);
            Span<byte> record = stackalloc byte[RecordBytes];
            record.Clear();
            HeaderMagic.CopyTo(record);
            BinaryPrimitives.WriteUInt16LittleEndian(record[8..], Version);
            BinaryPrimitives.WriteUInt16LittleEndian(record[10..], RecordBytes);
            BinaryPrimitives.WriteInt32LittleEndian(record[12..], kinds.Count);
            BinaryPrimitives.WriteInt64LittleEndian(record[16..], slots.Count);
            writer.Add(record[..HeaderBytes]);
            foreach (var kind in kinds)
            {
                record[0] = (byte)Encoding.UTF8.GetBytes(kind, record[1..]);
                writer.Add(record[..(1 + record[0])]);
            }

            foreach (var slot in slots)
            {
                WriteRecord(record, slot);
                writer.Add(record);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(record, writer.Checksum());
            FooterMagic.CopyTo(record[4..]);
            writer.Add(record[..FooterBytes]);
            return writer.Finish();
        }
    }

    /// <summary>Reads a file; null when it is not exactly as it was written.</summary>
    public static IndexFile? Read(DiskIo io, SafeFileHandle file)
    {
        if (io.Stat(file, out var stamp) != Errno.None
            || !stamp.IsFile
            || stamp.Size is < HeaderBytes + FooterBytes or > int.MaxValue - 64)
        {
            return null;
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)stamp.Size);
        EntryVerifier.ReadExactly(io, file, 0, bytes, out var complete);
        var content = bytes.AsSpan(..^FooterBytes);
        var footer = bytes.AsSpan(^FooterBytes..);
        if (!complete
            || !content.StartsWith(HeaderMagic)
            || !footer[4..].SequenceEqual(FooterMagic)
            || BinaryPrimitives.ReadUInt32LittleEndian(footer) != Crc32C.Compute(content)
            || BinaryPrimitives.ReadUInt16LittleEndian(content[8..]) != Version
            || BinaryPrimitives.ReadUInt16LittleEndian(content[10..]) != RecordBytes)
        {
            return null;
        }

        return ReadContent(content);
    }

    // The checksum has been verified: what is read here is what was written, and checks only guard against a wrong writer.
    private static IndexFile? ReadContent(ReadOnlySpan<byte> content)
    {
        var kinds = new ArtifactKind[BinaryPrimitives.ReadInt32LittleEndian(content[12..])];
        var count = BinaryPrimitives.ReadInt64LittleEndian(content[16..]);
        content = content[HeaderBytes..];
        for (var i = 0; i < kinds.Length; i++)
        {
            var length = content.IsEmpty ? 0 : content[0];
            if (content.Length <= length
                || !ArtifactKind.TryParse(Encoding.UTF8.GetString(content.Slice(1, length)), out kinds[i]))
            {
                return null;
            }

            content = content[(1 + length)..];
        }

        if (content.Length != count * RecordBytes)
        {
            return null;
        }

        var slots = new DiskSlot[count];
        foreach (ref var slot in slots.AsSpan())
        {
            slot = ReadRecord(content);
            if (slot.Kind >= kinds.Length)
            {
                return null;
            }

            content = content[RecordBytes..];
        }

        return new IndexFile(kinds, slots);
    }

    private static void WriteRecord(Span<byte> record, in DiskSlot slot)
    {
        slot.Fingerprint.CopyTo(record);
        BinaryPrimitives.WriteUInt64LittleEndian(record[32..], slot.Owner);
        BinaryPrimitives.WriteInt64LittleEndian(record[40..], slot.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[48..], slot.Blocks);
        BinaryPrimitives.WriteUInt32LittleEndian(record[52..], slot.LastUse);
        BinaryPrimitives.WriteUInt16LittleEndian(record[56..], slot.Kind);
        record[58] = slot.Frequency;
        record[59] = (byte)(slot.Flags & (DiskSlotFlags.Main | DiskSlotFlags.Raw));
    }

    private static DiskSlot ReadRecord(ReadOnlySpan<byte> record) => new()
    {
        Fingerprint = new Fingerprint(record[..Fingerprint.Size]),
        Owner = BinaryPrimitives.ReadUInt64LittleEndian(record[32..]),
        Length = BinaryPrimitives.ReadInt64LittleEndian(record[40..]),
        Blocks = BinaryPrimitives.ReadUInt32LittleEndian(record[48..]),
        LastUse = BinaryPrimitives.ReadUInt32LittleEndian(record[52..]),
        Kind = BinaryPrimitives.ReadUInt16LittleEndian(record[56..]),
        Frequency = Math.Min(record[58], DiskIndex.MaxFrequency),
        Flags = (DiskSlotFlags)record[59] & (DiskSlotFlags.Main | DiskSlotFlags.Raw),
    };

    // Collects small pieces into large writes and checksums them. The first error stays.
    private sealed class Writer(DiskIo io, SafeFileHandle file)
    {
        private readonly byte[] _buffer = new byte[BufferBytes];
        private int _count;
        private long _offset;
        private uint _checksum;
        private Errno _error;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            if (_count + bytes.Length > _buffer.Length)
            {
                Flush();
            }

            bytes.CopyTo(_buffer.AsSpan(_count));
            _count += bytes.Length;
        }

        // Of everything added so far.
        public uint Checksum()
        {
            Flush();
            return _checksum;
        }

        public Errno Finish()
        {
            Flush();
            return _error;
        }

        private void Flush()
        {
            var data = _buffer.AsSpan(0, _count);
            _checksum = Crc32C.Append(_checksum, data);
            _count = 0;
            while (!data.IsEmpty && _error == Errno.None)
            {
                _error = io.Write(file, _offset, data, out var written);
                _error = _error == Errno.None && written == 0 ? Errno.Io : _error;
                data = data[written..];
                _offset += written;
            }
        }
    }
}
