using System.Buffers.Binary;
using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>How undo lists are written: see "Index" in docs/FORMATS.md.</summary>
internal static class UndoFormat
{
    /// <summary>Sequence, kind and number of the chunk.</summary>
    public const int KeyBytes = 8 + 1 + 4;

    /// <summary>Longest beginning that two keys in a row share without repeating it.</summary>
    public const int MaxSharedBytes = 255;

    /// <summary>What an entry takes at most beside its key.</summary>
    public const int MaxEntryBytes = 5 + 5 + 10;

    /// <summary>Mark of lists of keys of the state; those of pages have <see cref="PageUndoFormat.Kind"/>.</summary>
    public const byte Kind = 1;

    public static void WriteKey(Span<byte> destination, ulong sequence, uint chunk)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, sequence);
        destination[8] = Kind;
        BinaryPrimitives.WriteUInt32BigEndian(destination[9..], chunk);
    }

    /// <summary>The commit that a chunk belongs to, and whether it lists pages instead of keys.</summary>
    public static (ulong Sequence, bool OfPages) ParseKey(ReadOnlySpan<byte> key) =>
        key.Length > 8 && (key[8] == PageUndoFormat.Kind || (key[8] == Kind && key.Length == KeyBytes))
            ? (BinaryPrimitives.ReadUInt64BigEndian(key), key[8] == PageUndoFormat.Kind)
            : throw Damaged();

    /// <summary>Writes an entry and gives its length.</summary>
    public static int Write(Span<byte> destination, ReadOnlySpan<byte> key, int shared, ulong superseded)
    {
        var length = VarInt.Write(destination, (ulong)shared);
        length += VarInt.Write(destination[length..], (ulong)(key.Length - shared));
        key[shared..].CopyTo(destination[length..]);
        length += key.Length - shared;
        return length + VarInt.Write(destination[length..], superseded);
    }

    /// <summary>Reads a whole chunk.</summary>
    public static void Read(ReadOnlySpan<byte> chunk, PackedKeys keys, List<ulong> superseded)
    {
        var scratch = new ScratchBuffer();
        ReadOnlySpan<byte> previous = default;
        while (!chunk.IsEmpty)
        {
            var shared = ReadNumber(ref chunk);
            var rest = ReadNumber(ref chunk);
            if (shared > (ulong)Math.Min(previous.Length, MaxSharedBytes) || rest > (ulong)chunk.Length)
            {
                throw Damaged();
            }

            var key = scratch.Take((int)shared + (int)rest);
            if (keys.Count > 0)
            {
                keys[^1][..(int)shared].CopyTo(key);
            }

            chunk[..(int)rest].CopyTo(key[(int)shared..]);
            chunk = chunk[(int)rest..];
            keys.Add(key);
            superseded.Add(ReadNumber(ref chunk));
            previous = keys[^1];
        }
    }

    internal static IndexerException Damaged() =>
        new(IndexerErrorKind.Damaged, "The index is damaged: an undo list cannot be read. Restore a snapshot or index again.");

    private static ulong ReadNumber(ref ReadOnlySpan<byte> source) => VarInt.TryRead(ref source, out var number) ? number : throw Damaged();
}
