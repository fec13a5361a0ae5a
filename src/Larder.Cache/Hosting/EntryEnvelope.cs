using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Hosting;

/// <summary>
/// What stands in front of the value of a mutable entry: when it ends, when it was last used, and its tags. See
/// docs/FORMATS.md, "Entry envelope".
/// </summary>
/// <param name="ExpiresAt">Ticks, UTC, at which the entry ends whatever happens; <see cref="long.MaxValue"/> for never.</param>
/// <param name="SlidingTicks">How long the entry may go unused, in ticks; 0 when that does not end it.</param>
/// <param name="TouchedAt">Ticks, UTC, of the latest use that was written down.</param>
/// <param name="Tags">Names under which the entry can be removed together with others.</param>
internal sealed record EntryEnvelope(long ExpiresAt, long SlidingTicks, long TouchedAt, ImmutableArray<string> Tags)
{
    /// <summary>Most tags of an entry.</summary>
    public const int MaxTags = 64;

    /// <summary>Longest tag, in bytes of UTF-8.</summary>
    public const int MaxTagBytes = 1024;

    // Magic, version, number of tags, length of the envelope, and the three times.
    private const int FixedBytes = 2 + 1 + 1 + 4 + (3 * sizeof(long));

    private const int MaxBytes = FixedBytes + (MaxTags * (sizeof(ushort) + MaxTagBytes));

    private static ReadOnlySpan<byte> Magic => "LE\x01"u8;

    /// <summary>Whether the entry has ended.</summary>
    /// <param name="now">Ticks, UTC.</param>
    /// <param name="usedAt">Ticks, UTC, of its latest use, if that is later than what was written down.</param>
    public bool HasEnded(long now, long usedAt) =>
        now >= ExpiresAt || (SlidingTicks > 0 && now - Math.Max(TouchedAt, usedAt) >= SlidingTicks);

    public byte[] Encode()
    {
        var tags = Tags.Select(Encoding.UTF8.GetBytes).ToArray();
        var bytes = new byte[FixedBytes + tags.Sum(tag => sizeof(ushort) + tag.Length)];
        Magic.CopyTo(bytes);
        bytes[3] = (byte)tags.Length;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), ExpiresAt);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), SlidingTicks);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), TouchedAt);
        var rest = bytes.AsSpan(FixedBytes);
        foreach (var tag in tags)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)tag.Length);
            tag.CopyTo(rest[sizeof(ushort)..]);
            rest = rest[(sizeof(ushort) + tag.Length)..];
        }

        return bytes;
    }

    /// <summary>Reads the envelope of stored content; null when there is none, for whatever reason.</summary>
    /// <param name="content">The stored bytes.</param>
    /// <param name="length">Bytes the envelope takes: where the value begins.</param>
    /// <exception cref="CacheException">The medium failed.</exception>
    public static EntryEnvelope? Read(ArtifactContent content, out int length)
    {
        if (content.TryGetMemory(out var memory))
        {
            return Decode(memory.Span, out length);
        }

        Span<byte> start = stackalloc byte[FixedBytes];
        length = 0;
        if (!TryFill(content, start) || !start.StartsWith(Magic))
        {
            return null;
        }

        var claimed = BinaryPrimitives.ReadInt32LittleEndian(start[4..]);
        if (claimed is < FixedBytes or > MaxBytes || claimed > content.Length)
        {
            return null;
        }

        var whole = claimed == FixedBytes ? start : new byte[claimed];
        return claimed == FixedBytes || TryFill(content, whole) ? Decode(whole, out length) : null;
    }

    private static bool TryFill(ArtifactContent content, Span<byte> destination)
    {
        for (var at = 0; at < destination.Length;)
        {
            var read = content.Length <= at ? 0 : content.Read(at, destination[at..]);
            if (read == 0)
            {
                return false;
            }

            at += read;
        }

        return true;
    }

    private static EntryEnvelope? Decode(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length < FixedBytes || !bytes.StartsWith(Magic))
        {
            return null;
        }

        var claimed = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (claimed < FixedBytes || claimed > bytes.Length)
        {
            return null;
        }

        var tags = ImmutableArray<string>.Empty;
        if (bytes[3] > 0)
        {
            var rest = bytes[FixedBytes..claimed];
            var builder = ImmutableArray.CreateBuilder<string>(bytes[3]);
            for (var i = 0; i < bytes[3]; i++)
            {
                if (rest.Length < sizeof(ushort) || BinaryPrimitives.ReadUInt16LittleEndian(rest) is var size && size > rest.Length - sizeof(ushort))
                {
                    return null;
                }

                builder.Add(Encoding.UTF8.GetString(rest.Slice(sizeof(ushort), size)));
                rest = rest[(sizeof(ushort) + size)..];
            }

            tags = builder.MoveToImmutable();
        }

        length = claimed;
        return new EntryEnvelope(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            tags);
    }
}
