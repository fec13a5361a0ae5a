using System.Buffers.Binary;

namespace Larder.Indexer.State;

/// <summary>How versions are written: see "Index" in docs/FORMATS.md.</summary>
/// <remarks>
/// The newest version of a key is under the key itself, as its sequence, big endian, and the value. A superseded one is under
/// the key with 0 written as 0 255, then 0 1, then the complement of its sequence, big endian: the versions of a key are then
/// side by side, the newest first, and no key lies between those of another.
/// </remarks>
internal static class VersionFormat
{
    public const int SequenceBytes = sizeof(ulong);

    private const byte EscapedZero = 0xFF;
    private const byte End = 0x01;

    /// <summary>The sequence of a newest version.</summary>
    public static ulong SequenceOf(ReadOnlySpan<byte> latest) =>
        latest.Length >= SequenceBytes
            ? BinaryPrimitives.ReadUInt64BigEndian(latest)
            : throw new IndexerException(IndexerErrorKind.Damaged, "The index is damaged: a version has no sequence. Restore a snapshot or index again.");

    /// <summary>The value of a newest version.</summary>
    public static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> latest) => latest[SequenceBytes..];

    /// <summary>Writes a newest version.</summary>
    public static ReadOnlySpan<byte> Latest(ScratchBuffer scratch, ulong sequence, ReadOnlySpan<byte> value)
    {
        var span = scratch.Take(SequenceBytes + value.Length);
        BinaryPrimitives.WriteUInt64BigEndian(span, sequence);
        value.CopyTo(span[SequenceBytes..]);
        return span;
    }

    /// <summary>The key of a superseded version.</summary>
    public static ReadOnlySpan<byte> HistoryKey(ScratchBuffer scratch, ReadOnlySpan<byte> key, ulong sequence)
    {
        var span = scratch.Take((2 * key.Length) + 2 + SequenceBytes);
        var length = 0;
        foreach (var part in key)
        {
            span[length++] = part;
            if (part == 0)
            {
                span[length++] = EscapedZero;
            }
        }

        span[length++] = 0;
        span[length++] = End;
        BinaryPrimitives.WriteUInt64BigEndian(span[length..], ~sequence);
        return span[..(length + SequenceBytes)];
    }

    /// <summary>The sequence at the end of the key of a superseded version.</summary>
    public static ulong SequenceOfHistoryKey(ReadOnlySpan<byte> historyKey) =>
        historyKey.Length >= SequenceBytes + 2
            ? ~BinaryPrimitives.ReadUInt64BigEndian(historyKey[^SequenceBytes..])
            : throw new IndexerException(IndexerErrorKind.Damaged, "The index is damaged: an old version has no sequence. Restore a snapshot or index again.");

    /// <summary>The key of the state that a superseded version belongs to.</summary>
    public static ReadOnlySpan<byte> KeyOfHistoryKey(ScratchBuffer scratch, ReadOnlySpan<byte> historyKey)
    {
        var escaped = historyKey[..^(SequenceBytes + 2)];
        var span = scratch.Take(escaped.Length);
        var length = 0;
        for (var i = 0; i < escaped.Length; i++)
        {
            span[length++] = escaped[i];
            i += escaped[i] == 0 ? 1 : 0;
        }

        return span[..length];
    }
}
