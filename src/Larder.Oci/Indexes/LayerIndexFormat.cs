using System.Buffers;
using System.Runtime.InteropServices;
using Larder.Cache.Integrity;

namespace Larder.Oci.Indexes;

/// <summary>The encoded form of a layer index. Source: docs/FORMATS.md, layer index.</summary>
/// <remarks>
/// Entries follow each other as differences to the entry before: archives list a directory's files together, with the
/// same owner and often the same time, so that an entry takes about 40 bytes. A reader trusts nothing: every count is
/// held against what is left of the input, and every entry passes the checks of <see cref="LayerIndexBuilder"/>.
/// </remarks>
internal static partial class LayerIndexFormat
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const int Version = 1;

    private const int HeaderBytes = 80;
    private const int ChecksumBytes = 4;
    private const int LeastEntryBytes = 4;
    private const int LeastObjectBytes = 36;
    private const byte TypeMask = 0x0F;

    private static ReadOnlySpan<byte> Magic => "LRDRLIDX"u8;

    /// <summary>Encodes an index.</summary>
    public static byte[] Encode(LayerIndex index)
    {
        var output = new ArrayBufferWriter<byte>(Math.Max(4_096, index.Count * 48));
        var writer = new IndexWriter(output);
        output.Write(Magic);
        writer.Fixed((uint)Version);
        writer.Fixed(0u);
        writer.Fixed(0L);
        writer.Digest(index.DiffId);
        writer.Fixed(index.ArchiveLength);
        writer.Fixed((uint)index.Count);
        writer.Fixed((uint)index.AllExtents.Length);
        writer.Fixed((uint)index.Objects.Length);
        writer.Fixed((uint)index.XattrSets.Count);
        WriteObjects(writer, index.Objects);
        WriteXattrSets(writer, index.XattrSets);
        WriteEntries(writer, index);

        var bytes = new byte[output.WrittenCount + ChecksumBytes];
        output.WrittenSpan.CopyTo(bytes);
        MemoryMarshal.Write(bytes.AsSpan(16), (long)bytes.Length);
        MemoryMarshal.Write(bytes.AsSpan(bytes.Length - ChecksumBytes), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - ChecksumBytes)));
        return bytes;
    }

    private static void WriteObjects(IndexWriter writer, ReadOnlySpan<LayerObject> objects)
    {
        var end = 0L;
        foreach (ref readonly var item in objects)
        {
            writer.Byte((byte)item.Kind);
            writer.Number((ulong)item.Length);
            writer.Signed(item.ArchiveOffset - end);
            writer.Number((ulong)(item.ArchiveLength - item.Length));
            writer.Digest(item.Digest);
            end = item.ArchiveOffset + item.ArchiveLength;
        }
    }

    private static void WriteXattrSets(IndexWriter writer, IReadOnlyList<IReadOnlyList<LayerXattr>> sets)
    {
        foreach (var set in sets)
        {
            writer.Number((ulong)set.Count);
            foreach (var xattr in set)
            {
                writer.Bytes(xattr.Name);
                writer.Bytes(xattr.Value);
            }
        }
    }

    private static void WriteEntries(IndexWriter writer, LayerIndex index)
    {
        var previous = default(LayerEntry);
        ReadOnlySpan<byte> previousPath = [];
        var place = new Place();
        for (var number = 0; number < index.Count; number++)
        {
            var entry = index[number];
            var path = index.GetPath(number);
            var extents = index.GetExtents(number);
            var xattrs = index.GetXattrSet(number);
            var flags = Flags(entry, previous, extents, xattrs);
            writer.Byte((byte)((byte)entry.Type | (byte)flags));
            var shared = path.CommonPrefixLength(previousPath);
            writer.Number((ulong)shared);
            writer.Bytes(path[shared..]);
            WriteAttributes(writer, entry, previous, flags);
            if (flags.HasFlag(EntryFlags.Xattrs))
            {
                writer.Number((ulong)xattrs);
            }

            WriteContent(writer, entry, index.GetLinkTarget(number), extents, flags, ref place);
            previous = entry;
            previousPath = path;
        }
    }

    private static EntryFlags Flags(
        in LayerEntry entry, in LayerEntry previous, ReadOnlySpan<LayerExtent> extents, int xattrs)
    {
        var flags = EntryFlags.None;
        flags |= (entry.Mode, entry.UserId, entry.GroupId) == (previous.Mode, previous.UserId, previous.GroupId)
            ? EntryFlags.SameOwner : EntryFlags.None;
        flags |= (entry.ModifiedSeconds, entry.ModifiedNanoseconds) == (previous.ModifiedSeconds, previous.ModifiedNanoseconds)
            ? EntryFlags.SameTime : EntryFlags.None;
        flags |= xattrs >= 0 ? EntryFlags.Xattrs : EntryFlags.None;
        flags |= extents is [{ Offset: 0 } only] && only.Length == entry.Size ? EntryFlags.OneExtent : EntryFlags.None;
        return flags;
    }

    private static void WriteAttributes(IndexWriter writer, in LayerEntry entry, in LayerEntry previous, EntryFlags flags)
    {
        if (!flags.HasFlag(EntryFlags.SameOwner))
        {
            writer.Number(entry.Mode);
            writer.Number(entry.UserId);
            writer.Number(entry.GroupId);
        }

        if (!flags.HasFlag(EntryFlags.SameTime))
        {
            writer.Signed(unchecked(entry.ModifiedSeconds - previous.ModifiedSeconds));
            writer.Number(entry.ModifiedNanoseconds);
        }
    }

    private static void WriteContent(
        IndexWriter writer,
        in LayerEntry entry,
        ReadOnlySpan<byte> target,
        ReadOnlySpan<LayerExtent> extents,
        EntryFlags flags,
        ref Place place)
    {
        switch (entry.Type)
        {
            case LayerEntryType.File:
                writer.Number((ulong)entry.Size);
                WriteExtents(writer, extents, flags, ref place);
                break;
            case LayerEntryType.Symlink or LayerEntryType.HardLink:
                writer.Bytes(target);
                break;
            case LayerEntryType.CharacterDevice or LayerEntryType.BlockDevice:
                writer.Number(entry.DeviceMajor);
                writer.Number(entry.DeviceMinor);
                break;
            default:
                break;
        }
    }

    private static void WriteExtents(
        IndexWriter writer, ReadOnlySpan<LayerExtent> extents, EntryFlags flags, ref Place place)
    {
        if (!flags.HasFlag(EntryFlags.OneExtent))
        {
            writer.Number((ulong)extents.Length);
        }

        var end = 0L;
        foreach (ref readonly var extent in extents)
        {
            if (!flags.HasFlag(EntryFlags.OneExtent))
            {
                writer.Number((ulong)(extent.Offset - end));
                writer.Number((ulong)extent.Length);
            }

            writer.Signed(extent.Object - place.Object);
            writer.Number((ulong)extent.ObjectOffset);
            writer.Signed(extent.ArchiveOffset - place.ArchiveEnd);
            place = new Place(extent.Object, extent.ArchiveOffset + extent.Length);
            end = extent.Offset + extent.Length;
        }
    }

    /// <summary>Where the extent before ended.</summary>
    private readonly record struct Place(int Object, long ArchiveEnd);

    [Flags]
    private enum EntryFlags : byte
    {
        None = 0,

        /// <summary>Mode, user and group are those of the entry before.</summary>
        SameOwner = 0x10,

        /// <summary>The time is that of the entry before.</summary>
        SameTime = 0x20,

        /// <summary>The number of a set of extended attributes follows.</summary>
        Xattrs = 0x40,

        /// <summary>One extent covers the file.</summary>
        OneExtent = 0x80,
    }
}
