using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Larder.Cache.Integrity;

namespace Larder.Oci.Indexes;

internal static partial class LayerIndexFormat
{
    /// <summary>Decodes an index.</summary>
    /// <param name="bytes">Exactly what <see cref="Encode"/> wrote.</param>
    /// <exception cref="OciException">The bytes are not an index of this version, or not all of one.</exception>
    public static LayerIndex Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes + ChecksumBytes || !bytes.StartsWith(Magic))
        {
            throw IndexReader.Malformed("it does not begin as one");
        }

        var reader = new IndexReader(bytes[Magic.Length..^ChecksumBytes]);
        var version = reader.Fixed32();
        if (version != Version)
        {
            throw new OciException(
                OciErrorKind.Unsupported, $"The layer index has version {version}; this build reads version {Version}.");
        }

        if (reader.Fixed32() != 0 || reader.Fixed64() != bytes.Length
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumBytes..]) != Crc32C.Compute(bytes[..^ChecksumBytes]))
        {
            throw IndexReader.Malformed("its length or checksum is wrong");
        }

        return Decode(ref reader);
    }

    private static LayerIndex Decode(ref IndexReader reader)
    {
        var diffId = reader.Digest();
        var archiveLength = reader.Fixed64();
        var entries = Fixed(ref reader, LayerIndexLimits.Entries);
        var extents = Fixed(ref reader, LayerIndexLimits.Extents);
        var objects = Fixed(ref reader, LayerIndexLimits.Objects);
        var sets = Fixed(ref reader, LayerIndexLimits.Entries);
        if (archiveLength < 0 || ((long)entries * LeastEntryBytes) + ((long)objects * LeastObjectBytes) + sets > reader.Remaining)
        {
            throw IndexReader.Malformed("it promises more than it holds");
        }

        var builder = new LayerIndexBuilder(entries, Math.Min(extents, reader.Remaining), objects);
        ReadObjects(ref reader, builder, objects);
        ReadXattrSets(ref reader, builder, sets);
        ReadEntries(ref reader, builder, entries, sets);
        if (reader.Remaining != 0 || builder.ExtentCount != extents)
        {
            throw IndexReader.Malformed("it holds more or less than it promises");
        }

        return builder.Build(diffId, archiveLength);
    }

    private static int Fixed(ref IndexReader reader, int maximum)
    {
        var value = reader.Fixed32();
        return value <= maximum ? (int)value : throw IndexReader.Malformed("a count is too large");
    }

    private static void ReadObjects(ref IndexReader reader, LayerIndexBuilder builder, int count)
    {
        var end = 0L;
        for (var number = 0; number < count; number++)
        {
            var kind = (LayerObjectKind)reader.Byte();
            var length = reader.Number();
            var offset = unchecked(end + reader.Signed());
            var archiveLength = unchecked(length + reader.Number());
            builder.AddObject(new LayerObject(reader.Digest(), length, kind, offset, archiveLength));
            end = offset + archiveLength;
        }
    }

    private static void ReadXattrSets(ref IndexReader reader, LayerIndexBuilder builder, int count)
    {
        for (var number = 0; number < count; number++)
        {
            var set = new LayerXattr[reader.Count(LayerIndexLimits.XattrsPerEntry)];
            for (var position = 0; position < set.Length; position++)
            {
                set[position] = new LayerXattr(
                    reader.Bytes(LayerIndexLimits.XattrNameBytes).ToArray(),
                    reader.Bytes(LayerIndexLimits.XattrValueBytes).ToArray());
            }

            if (builder.AddXattrSet(set) != number)
            {
                throw IndexReader.Malformed("a set of extended attributes comes twice, or is empty");
            }
        }
    }

    private static void ReadEntries(ref IndexReader reader, LayerIndexBuilder builder, int count, int sets)
    {
        Span<byte> path = new byte[LayerIndexLimits.PathBytes];
        var pathLength = 0;
        var previous = default(LayerEntry);
        var place = new Place();
        var extents = new List<LayerExtent>();
        for (var number = 0; number < count; number++)
        {
            var head = reader.Byte();
            var type = (LayerEntryType)(head & TypeMask);
            var flags = (EntryFlags)(head & ~TypeMask);
            var shared = reader.Count(pathLength);
            var suffix = reader.Bytes(path.Length - shared);
            suffix.CopyTo(path[shared..]);
            pathLength = shared + suffix.Length;

            var entry = ReadAttributes(ref reader, type, previous, flags);
            var set = flags.HasFlag(EntryFlags.Xattrs) ? reader.Count(sets - 1) : -1;
            extents.Clear();
            ReadOnlySpan<byte> target = [];
            switch (type)
            {
                case LayerEntryType.File:
                    entry = entry with { Size = reader.Number() };
                    ReadExtents(ref reader, extents, entry.Size, flags, ref place);
                    break;
                case LayerEntryType.Symlink or LayerEntryType.HardLink:
                    target = reader.Bytes(LayerIndexLimits.PathBytes);
                    break;
                case LayerEntryType.CharacterDevice or LayerEntryType.BlockDevice:
                    entry = entry with
                    {
                        DeviceMajor = (uint)reader.Number(uint.MaxValue),
                        DeviceMinor = (uint)reader.Number(uint.MaxValue),
                    };
                    break;
                default:
                    break;
            }

            builder.Add(entry, path[..pathLength], target, CollectionsMarshal.AsSpan(extents), set);
            previous = entry;
        }
    }

    private static LayerEntry ReadAttributes(
        ref IndexReader reader, LayerEntryType type, in LayerEntry previous, EntryFlags flags)
    {
        var sameOwner = flags.HasFlag(EntryFlags.SameOwner);
        var entry = new LayerEntry
        {
            Type = type,
            Mode = sameOwner ? previous.Mode : (ushort)reader.Number(ushort.MaxValue),
            UserId = sameOwner ? previous.UserId : (uint)reader.Number(uint.MaxValue),
            GroupId = sameOwner ? previous.GroupId : (uint)reader.Number(uint.MaxValue),
            ModifiedSeconds = previous.ModifiedSeconds,
            ModifiedNanoseconds = previous.ModifiedNanoseconds,
        };
        return flags.HasFlag(EntryFlags.SameTime) ? entry : entry with
        {
            ModifiedSeconds = unchecked(previous.ModifiedSeconds + reader.Signed()),
            ModifiedNanoseconds = (uint)reader.Number(uint.MaxValue),
        };
    }

    private static void ReadExtents(
        ref IndexReader reader, List<LayerExtent> extents, long size, EntryFlags flags, ref Place place)
    {
        var one = flags.HasFlag(EntryFlags.OneExtent);
        var count = one ? 1 : reader.Count(LayerIndexLimits.Extents);
        var end = 0L;
        for (var number = 0; number < count; number++)
        {
            var offset = one ? 0 : unchecked(end + reader.Number());
            var length = one ? size : reader.Number();
            var item = unchecked(place.Object + reader.Signed());
            var objectOffset = reader.Number();
            var archiveOffset = unchecked(place.ArchiveEnd + reader.Signed());
            if (item is < 0 or > int.MaxValue)
            {
                throw IndexReader.Malformed("an extent names no object");
            }

            extents.Add(new LayerExtent(offset, length, (int)item, objectOffset, archiveOffset));
            end = unchecked(offset + length);
            place = new Place((int)item, unchecked(archiveOffset + length));
        }
    }
}
