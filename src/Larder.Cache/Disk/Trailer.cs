using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Integrity;

namespace Larder.Cache.Disk;

/// <summary>
/// What the tier writes behind a framed payload, or into the file beside a raw one: everything that is needed to
/// verify and to describe the payload without any other file.
/// </summary>
/// <remarks>
/// All numbers are little-endian. Every bit is covered: the header and the variable part by the footer's checksum,
/// the footer's lengths by their copies in the header, and reserved bytes must be zero. Source: docs/FORMATS.md.
/// </remarks>
internal static class Trailer
{
    /// <summary>Format version that is written.</summary>
    public const ushort Version = 1;

    /// <summary>Payload bytes behind each block checksum.</summary>
    public const int BlockBytes = 64 * 1024;

    /// <summary>Length of the fixed last part.</summary>
    public const int FooterBytes = 24;

    /// <summary>Longest owner, in bytes of UTF-8.</summary>
    public const int MaxOwnerBytes = 1024;

    /// <summary>Longest recipe, in bytes.</summary>
    public const int MaxRecipeBytes = 1024 * 1024;

    private const int HeaderBytes = 128;
    private const ushort NoOwner = ushort.MaxValue;
    private const ushort RawFlag = 1;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> HeaderMagic => "LRDRTRLR"u8;

    private static ReadOnlySpan<byte> FooterMagic => "LARDERv1"u8;

    /// <summary>Block checksums that a payload of this length has.</summary>
    public static long BlockCount(long payloadBytes) => (payloadBytes + BlockBytes - 1) / BlockBytes;

    /// <summary>Length of the trailer of such an artifact, in bytes.</summary>
    /// <exception cref="ArgumentException">The metadata breaks a limit.</exception>
    public static int Measure(ArtifactKind kind, ArtifactMetadata metadata, long payloadBytes)
    {
        var owner = metadata.Owner is null ? 0 : Encoding.UTF8.GetByteCount(metadata.Owner);
        var attributes = 0;
        foreach (var (name, value) in metadata.Attributes)
        {
            attributes += 4 + Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
        }

        if (owner > MaxOwnerBytes
            || metadata.Recipe.Length > MaxRecipeBytes
            || metadata.Attributes.Count > ArtifactMetadata.MaxAttributes
            || attributes - (4 * metadata.Attributes.Count) > ArtifactMetadata.MaxAttributeBytes)
        {
            throw new ArgumentException(
                $"The metadata is too large: at most {MaxOwnerBytes} bytes of owner, {MaxRecipeBytes} of recipe, "
                + $"{ArtifactMetadata.MaxAttributes} attributes with {ArtifactMetadata.MaxAttributeBytes} bytes in all.",
                nameof(metadata));
        }

        var length = HeaderBytes + kind.Name.Length + owner + metadata.Recipe.Length + attributes
            + (BlockCount(payloadBytes) * sizeof(uint)) + FooterBytes;
        return checked((int)length);
    }

    /// <summary>Writes the trailer; <paramref name="destination"/> has exactly the measured length.</summary>
    public static void Write(
        Span<byte> destination,
        DiskForm form,
        ArtifactKey key,
        ArtifactMetadata metadata,
        ReadOnlySpan<uint> blockChecksums)
    {
        var owner = metadata.Owner is null ? 0 : Encoding.UTF8.GetByteCount(metadata.Owner);
        var header = destination[..HeaderBytes];
        header.Clear();
        HeaderMagic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[10..], form == DiskForm.Raw ? RawFlag : (ushort)0);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], destination.Length);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], metadata.Length);
        key.Fingerprint.CopyTo(header[24..]);
        metadata.Digest.CopyTo(header[56..]);
        BinaryPrimitives.WriteInt64LittleEndian(header[88..], metadata.CreatedAt.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(header[96..], metadata.Cost.Ticks);
        BinaryPrimitives.WriteInt32LittleEndian(header[104..], BlockBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[108..], blockChecksums.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[112..], (ushort)key.Kind.Name.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[114..], metadata.Owner is null ? NoOwner : (ushort)owner);
        BinaryPrimitives.WriteInt32LittleEndian(header[116..], metadata.Recipe.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[120..], (ushort)metadata.Attributes.Count);

        var rest = destination[HeaderBytes..];
        rest = rest[Encoding.UTF8.GetBytes(key.Kind.Name, rest)..];
        rest = rest[Encoding.UTF8.GetBytes(metadata.Owner ?? string.Empty, rest)..];
        metadata.Recipe.Span.CopyTo(rest);
        rest = rest[metadata.Recipe.Length..];
        var attributesStart = rest.Length;
        foreach (var (name, value) in metadata.Attributes)
        {
            var nameBytes = Encoding.UTF8.GetBytes(name, rest[4..]);
            var valueBytes = Encoding.UTF8.GetBytes(value, rest[(4 + nameBytes)..]);
            BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)nameBytes);
            BinaryPrimitives.WriteUInt16LittleEndian(rest[2..], (ushort)valueBytes);
            rest = rest[(4 + nameBytes + valueBytes)..];
        }

        BinaryPrimitives.WriteInt32LittleEndian(header[124..], attributesStart - rest.Length);
        foreach (var checksum in blockChecksums)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rest, checksum);
            rest = rest[sizeof(uint)..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(rest, Crc32C.Compute(destination[..^FooterBytes]));
        BinaryPrimitives.WriteInt32LittleEndian(rest[4..], destination.Length);
        BinaryPrimitives.WriteInt64LittleEndian(rest[8..], metadata.Length);
        FooterMagic.CopyTo(rest[16..]);
    }

    /// <summary>
    /// Reads the last bytes of a file; false when they are no footer that fits a file of
    /// <paramref name="fileBytes"/> bytes.
    /// </summary>
    /// <param name="footer">The file's last <see cref="FooterBytes"/> bytes.</param>
    /// <param name="fileBytes">Length of the file.</param>
    /// <param name="form">Whether the payload must lie in the same file.</param>
    /// <param name="trailerBytes">Length of the trailer, footer included.</param>
    public static bool TryReadFooter(ReadOnlySpan<byte> footer, long fileBytes, DiskForm form, out int trailerBytes)
    {
        trailerBytes = 0;
        if (footer.Length != FooterBytes || !footer[16..].SequenceEqual(FooterMagic))
        {
            return false;
        }

        var trailer = BinaryPrimitives.ReadInt32LittleEndian(footer[4..]);
        var payload = BinaryPrimitives.ReadInt64LittleEndian(footer[8..]);
        var expected = form == DiskForm.Framed ? fileBytes - trailer : payload;
        if (trailer < HeaderBytes + FooterBytes
            || trailer > fileBytes
            || payload < 0
            || payload != expected
            || (form == DiskForm.Raw && trailer != fileBytes)
            || trailer < HeaderBytes + FooterBytes + (BlockCount(payload) * sizeof(uint)))
        {
            return false;
        }

        trailerBytes = trailer;
        return true;
    }

    /// <summary>Whether the footer belongs to a format this version does not know.</summary>
    public static bool IsForeignVersion(ReadOnlySpan<byte> footer) =>
        footer.Length == FooterBytes
        && footer[16..23].SequenceEqual(FooterMagic[..7])
        && footer[23] != FooterMagic[7];

    /// <summary>
    /// Reads a whole trailer; false when anything in it is not as it was written for <paramref name="key"/>.
    /// </summary>
    /// <param name="trailer">The trailer's bytes, to its end.</param>
    /// <param name="form">Where the bytes come from.</param>
    /// <param name="key">The key that the file's path says.</param>
    /// <param name="metadata">Describes the payload.</param>
    /// <param name="blockChecksums">The part that holds the block checksums.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> trailer,
        DiskForm form,
        ArtifactKey key,
        out ArtifactMetadata? metadata,
        out ReadOnlySpan<byte> blockChecksums)
    {
        metadata = null;
        blockChecksums = default;
        if (!HasValidChecksum(trailer) || !TryReadHeader(trailer, form, key, out var header))
        {
            return false;
        }

        try
        {
            var rest = trailer[HeaderBytes..^FooterBytes];
            var kind = StrictUtf8.GetString(rest[..header.KindBytes]);
            rest = rest[header.KindBytes..];
            var owner = header.OwnerBytes < 0 ? null : StrictUtf8.GetString(rest[..header.OwnerBytes]);
            rest = rest[Math.Max(header.OwnerBytes, 0)..];
            var recipe = rest[..header.RecipeBytes].ToArray();
            rest = rest[header.RecipeBytes..];
            var attributes = ReadAttributes(rest[..header.AttributeBytes], header.AttributeCount);
            blockChecksums = rest[header.AttributeBytes..];
            if (attributes is null || !string.Equals(kind, key.Kind.Name, StringComparison.Ordinal))
            {
                return false;
            }

            metadata = new ArtifactMetadata
            {
                Length = header.PayloadBytes,
                Digest = new Fingerprint(trailer[56..88]),
                CreatedAt = new DateTimeOffset(header.CreatedTicks, TimeSpan.Zero),
                Cost = TimeSpan.FromTicks(header.CostTicks),
                Owner = owner,
                Recipe = recipe,
                Attributes = attributes,
            };
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static bool HasValidChecksum(ReadOnlySpan<byte> trailer)
    {
        if (trailer.Length < HeaderBytes + FooterBytes)
        {
            return false;
        }

        var footer = trailer[^FooterBytes..];
        return footer[16..].SequenceEqual(FooterMagic)
            && BinaryPrimitives.ReadInt32LittleEndian(footer[4..]) == trailer.Length
            && BinaryPrimitives.ReadUInt32LittleEndian(footer) == Crc32C.Compute(trailer[..^FooterBytes]);
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> trailer, DiskForm form, ArtifactKey key, out Header header)
    {
        var owner = BinaryPrimitives.ReadUInt16LittleEndian(trailer[114..]);
        header = new Header(
            BinaryPrimitives.ReadInt64LittleEndian(trailer[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(trailer[88..]),
            BinaryPrimitives.ReadInt64LittleEndian(trailer[96..]),
            BinaryPrimitives.ReadUInt16LittleEndian(trailer[112..]),
            owner == NoOwner ? -1 : owner,
            BinaryPrimitives.ReadInt32LittleEndian(trailer[116..]),
            BinaryPrimitives.ReadUInt16LittleEndian(trailer[120..]),
            BinaryPrimitives.ReadInt32LittleEndian(trailer[124..]));
        if (!trailer.StartsWith(HeaderMagic)
            || BinaryPrimitives.ReadUInt16LittleEndian(trailer[8..]) != Version
            || BinaryPrimitives.ReadUInt16LittleEndian(trailer[10..]) != (form == DiskForm.Raw ? RawFlag : 0)
            || BinaryPrimitives.ReadInt32LittleEndian(trailer[12..]) != trailer.Length
            || BinaryPrimitives.ReadInt32LittleEndian(trailer[104..]) != BlockBytes
            || BinaryPrimitives.ReadUInt16LittleEndian(trailer[122..]) != 0
            || BinaryPrimitives.ReadInt64LittleEndian(trailer[(trailer.Length - FooterBytes + 8)..]) != header.PayloadBytes
            || header.PayloadBytes < 0
            || header.RecipeBytes is < 0 or > MaxRecipeBytes
            || header.OwnerBytes > MaxOwnerBytes
            || header.AttributeCount > ArtifactMetadata.MaxAttributes
            || header.AttributeBytes is < 0 or > ArtifactMetadata.MaxAttributeBytes + (4 * ArtifactMetadata.MaxAttributes)
            || header.CreatedTicks < 0
            || header.CreatedTicks > DateTimeOffset.MaxValue.Ticks
            || !new Fingerprint(trailer[24..56]).Equals(key.Fingerprint))
        {
            return false;
        }

        var blocks = BlockCount(header.PayloadBytes);
        return blocks == BinaryPrimitives.ReadInt32LittleEndian(trailer[108..])
            && trailer.Length == HeaderBytes + header.KindBytes + Math.Max(header.OwnerBytes, 0) + header.RecipeBytes
                + header.AttributeBytes + (blocks * sizeof(uint)) + FooterBytes;
    }

    private static ImmutableSortedDictionary<string, string>? ReadAttributes(ReadOnlySpan<byte> bytes, int count)
    {
        if (count == 0)
        {
            return bytes.IsEmpty ? ImmutableSortedDictionary<string, string>.Empty : null;
        }

        var attributes = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            if (bytes.Length < 4)
            {
                return null;
            }

            var name = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            var value = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            if (bytes.Length < 4 + name + value)
            {
                return null;
            }

            attributes[StrictUtf8.GetString(bytes.Slice(4, name))] = StrictUtf8.GetString(bytes.Slice(4 + name, value));
            bytes = bytes[(4 + name + value)..];
        }

        return bytes.IsEmpty && attributes.Count == count ? attributes.ToImmutable() : null;
    }

    // The fixed part's numbers; OwnerBytes is -1 for no owner.
    private readonly record struct Header(
        long PayloadBytes,
        long CreatedTicks,
        long CostTicks,
        int KindBytes,
        int OwnerBytes,
        int RecipeBytes,
        int AttributeCount,
        int AttributeBytes);
}
