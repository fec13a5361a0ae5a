using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Remote;

/// <summary>
/// The header that stands in front of a payload on a store that keeps nothing but bytes (docs/FORMATS.md, "Remote
/// frame"). In front rather than behind, so that a reader knows length and digest before the first payload byte.
/// </summary>
internal static class RemoteFrame
{
    /// <summary>Bytes that say how long the whole header is.</summary>
    public const int PrefixBytes = 16;

    /// <summary>Longest header: a recipe, attributes and owner at their limits fit.</summary>
    public const int MaxHeaderBytes = 128 * 1024;

    private const int MaxOwnerBytes = 4096;

    // "LRDR" and the version.
    private static ReadOnlySpan<byte> Magic => "LRDR\x01"u8;

    // What every header has: prefix, length, digest, fingerprint, times, the lengths of texts, checksum.
    private const int FixedBytes = PrefixBytes + 8 + (2 * Fingerprint.Size) + 2 + 8 + 8 + 1 + 2 + 4 + 2 + SHA256.HashSizeInBytes;

    /// <summary>Encodes the header of an artifact.</summary>
    public static byte[] Encode(ArtifactKey key, ArtifactMetadata metadata)
    {
        var header = new byte[MeasureHeader(key, metadata)];
        Encode(key, metadata, header);
        return header;
    }

    /// <summary>Bytes of the header of an artifact.</summary>
    /// <exception cref="CacheException">They are more than a header holds.</exception>
    public static int MeasureHeader(ArtifactKey key, ArtifactMetadata metadata)
    {
        var length = FixedBytes + Encoding.UTF8.GetByteCount(key.Kind.Name)
            + Encoding.UTF8.GetByteCount(metadata.Owner ?? string.Empty) + metadata.Recipe.Length;
        foreach (var (name, value) in metadata.Attributes)
        {
            length += 4 + Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
        }

        return length <= MaxHeaderBytes
            ? length
            : throw new CacheException(CacheErrorKind.Remote, $"the metadata of {key} takes {length} bytes, more than a header holds");
    }

    /// <summary>Encodes the header of an artifact into exactly as many bytes as it takes.</summary>
    public static void Encode(ArtifactKey key, ArtifactMetadata metadata, Span<byte> header)
    {
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], header.Length);
        var writer = new Writer(header[PrefixBytes..]);
        writer.Write(metadata.Length);
        metadata.Digest.CopyTo(writer.Take(Fingerprint.Size));
        key.Fingerprint.CopyTo(writer.Take(Fingerprint.Size));
        writer.Write(key.Kind.Name);
        writer.Write(metadata.CreatedAt.UtcTicks);
        writer.Write(metadata.Cost.Ticks);
        writer.Take(1)[0] = metadata.Owner is null ? (byte)0 : (byte)1;
        writer.Write(metadata.Owner ?? string.Empty);
        BinaryPrimitives.WriteInt32LittleEndian(writer.Take(sizeof(int)), metadata.Recipe.Length);
        metadata.Recipe.Span.CopyTo(writer.Take(metadata.Recipe.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(writer.Take(sizeof(ushort)), (ushort)metadata.Attributes.Count);
        foreach (var (name, value) in metadata.Attributes)
        {
            writer.Write(name);
            writer.Write(value);
        }

        SHA256.HashData(header[..^SHA256.HashSizeInBytes], header[^SHA256.HashSizeInBytes..]);
    }

    /// <summary>Takes the length of the header from its first <see cref="PrefixBytes"/>; false when it is none.</summary>
    public static bool TryReadPrefix(ReadOnlySpan<byte> prefix, out int length)
    {
        length = 0;
        if (prefix.Length < PrefixBytes || !prefix.StartsWith(Magic))
        {
            return false;
        }

        length = BinaryPrimitives.ReadInt32LittleEndian(prefix[8..]);
        return length is >= PrefixBytes + SHA256.HashSizeInBytes and <= MaxHeaderBytes;
    }

    /// <summary>Reads a whole header; null when it is damaged or that of another artifact.</summary>
    public static ArtifactMetadata? Decode(ArtifactKey key, ReadOnlySpan<byte> header)
    {
        if (!TryReadPrefix(header, out var length)
            || length != header.Length
            || !HasItsChecksum(header))
        {
            return null;
        }

        var reader = new Reader(header[PrefixBytes..^SHA256.HashSizeInBytes]);
        var payload = reader.ReadInt64();
        var digest = reader.Read(Fingerprint.Size);
        var fingerprint = reader.Read(Fingerprint.Size);
        var kind = reader.Read(reader.ReadUInt16());
        var created = reader.ReadInt64();
        var cost = reader.ReadInt64();
        var hasOwner = reader.ReadByte();
        var owner = reader.ReadText();
        var recipe = reader.Read(reader.ReadInt32());
        var attributes = ReadAttributes(ref reader);
        if (!reader.IsWhole
            || payload < 0
            || created < 0 || created > DateTimeOffset.MaxValue.UtcTicks
            || cost < 0
            || owner.Length > MaxOwnerBytes
            || recipe.Length > Recipe.MaxEncodedBytes
            || attributes is null
            || !Ascii.Equals(kind, key.Kind.Name)
            || new Fingerprint(fingerprint) != key.Fingerprint)
        {
            return null;
        }

        return new ArtifactMetadata
        {
            Length = payload,
            Digest = new Fingerprint(digest),
            CreatedAt = new DateTimeOffset(created, TimeSpan.Zero),
            Cost = TimeSpan.FromTicks(cost),
            Owner = hasOwner == 0 ? null : owner,
            Recipe = recipe.ToArray(),
            Attributes = attributes,
        };
    }

    private static bool HasItsChecksum(ReadOnlySpan<byte> header)
    {
        Span<byte> checksum = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(header[..^SHA256.HashSizeInBytes], checksum);
        return checksum.SequenceEqual(header[^SHA256.HashSizeInBytes..]);
    }

    private static ImmutableSortedDictionary<string, string>? ReadAttributes(ref Reader reader)
    {
        var count = reader.ReadUInt16();
        if (count is 0 or > ArtifactMetadata.MaxAttributes)
        {
            return count == 0 ? ImmutableSortedDictionary<string, string>.Empty : null;
        }

        var attributes = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var bytes = 0;
        for (var i = 0; i < count; i++)
        {
            var (name, value) = (reader.ReadText(), reader.ReadText());
            bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
            attributes[name] = value;
        }

        return bytes <= ArtifactMetadata.MaxAttributeBytes ? attributes.ToImmutable() : null;
    }

    private ref struct Writer(Span<byte> rest)
    {
        private Span<byte> _rest = rest;

        public Span<byte> Take(int count)
        {
            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }

        public void Write(long number) => BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), number);

        public void Write(string text)
        {
            var length = Encoding.UTF8.GetByteCount(text);
            BinaryPrimitives.WriteUInt16LittleEndian(Take(sizeof(ushort)), checked((ushort)length));
            Encoding.UTF8.GetBytes(text, Take(length));
        }
    }

    // Reads on past an end as zeros and says so in IsWhole, so that a header is judged once, at the end.
    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;
        private bool _failed;

        public readonly bool IsWhole => !_failed && _rest.IsEmpty;

        public ReadOnlySpan<byte> Read(int count)
        {
            if (count < 0 || count > _rest.Length)
            {
                _failed = true;
                return count is Fingerprint.Size or sizeof(long) ? new byte[count] : [];
            }

            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }

        public byte ReadByte() => Read(1) is [var value] ? value : (byte)0;

        public ushort ReadUInt16() => Read(2) is { Length: 2 } bytes ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : (ushort)0;

        public int ReadInt32() => Read(4) is { Length: 4 } bytes ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : 0;

        public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(Read(sizeof(long)));

        public string ReadText() => Encoding.UTF8.GetString(Read(ReadUInt16()));
    }
}
