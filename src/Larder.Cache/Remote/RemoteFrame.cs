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

    /// <summary>Encodes the header of an artifact.</summary>
    public static byte[] Encode(ArtifactKey key, ArtifactMetadata metadata)
    {
        using var stream = new MemoryStream(512);
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Magic);
        writer.Write((byte)0);
        writer.Write((ushort)0);
        writer.Write(0); // The length of the header, filled in below.
        writer.Write(0);
        writer.Write(metadata.Length);
        writer.Write(metadata.Digest.ToArray());
        writer.Write(key.Fingerprint.ToArray());
        WriteText(writer, key.Kind.Name);
        writer.Write(metadata.CreatedAt.UtcTicks);
        writer.Write(metadata.Cost.Ticks);
        writer.Write(metadata.Owner is not null);
        WriteText(writer, metadata.Owner ?? string.Empty);
        writer.Write(metadata.Recipe.Length);
        writer.Write(metadata.Recipe.Span);
        writer.Write((ushort)metadata.Attributes.Count);
        foreach (var (name, value) in metadata.Attributes)
        {
            WriteText(writer, name);
            WriteText(writer, value);
        }

        writer.Flush();
        var length = (int)stream.Length + SHA256.HashSizeInBytes;
        if (length > MaxHeaderBytes)
        {
            throw new CacheException(CacheErrorKind.Remote, $"the metadata of {key} takes {length} bytes, more than a header holds");
        }

        var header = new byte[length];
        stream.ToArray().CopyTo(header, 0);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), length);
        SHA256.HashData(header.AsSpan(0, length - SHA256.HashSizeInBytes), header.AsSpan(length - SHA256.HashSizeInBytes));
        return header;
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
            || !SHA256.HashData(header[..^SHA256.HashSizeInBytes]).AsSpan().SequenceEqual(header[^SHA256.HashSizeInBytes..]))
        {
            return null;
        }

        var reader = new Reader(header[PrefixBytes..^SHA256.HashSizeInBytes]);
        var payload = reader.ReadInt64();
        var digest = reader.Read(Fingerprint.Size);
        var fingerprint = reader.Read(Fingerprint.Size);
        var kind = reader.ReadText();
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
            || kind != key.Kind.Name
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

    private static ImmutableSortedDictionary<string, string>? ReadAttributes(ref Reader reader)
    {
        var count = reader.ReadUInt16();
        if (count > ArtifactMetadata.MaxAttributes)
        {
            return null;
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

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write(checked((ushort)bytes.Length));
        writer.Write(bytes);
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
