using System.Buffers.Binary;

namespace Larder.Indexer.State;

/// <summary>How the lists of pages that a commit wrote are written: see "Index" in docs/FORMATS.md.</summary>
/// <remarks>
/// A chunk is under the sequence, a mark, and the key of its last page: a page is in the first chunk whose key is not below
/// its own. An entry is the page's key, by what it shares with the one before; the sequence that was superseded, doubled, and
/// one more where the commit deleted the page; and what the page held before, by what differs.
/// </remarks>
internal static class PageUndoFormat
{
    public const byte Kind = 2;

    public const int PrefixBytes = sizeof(ulong) + 1;

    public static ReadOnlySpan<byte> WriteKey(ScratchBuffer scratch, ulong sequence, ReadOnlySpan<byte> lastPage)
    {
        var key = scratch.Take(PrefixBytes + lastPage.Length);
        BinaryPrimitives.WriteUInt64BigEndian(key, sequence);
        key[PrefixBytes - 1] = Kind;
        lastPage.CopyTo(key[PrefixBytes..]);
        return key;
    }

    /// <summary>Reads one entry off the front of a chunk up to what the page held.</summary>
    /// <param name="chunk">The rest of the chunk.</param>
    /// <param name="key">The key of the entry before, which becomes this one's.</param>
    /// <param name="keyLength">Its length.</param>
    public static (ulong Superseded, bool Deletes) ReadEntry(ref ReadOnlySpan<byte> chunk, ScratchBuffer key, ref int keyLength)
    {
        if (!VarInt.TryRead(ref chunk, out var shared) || !VarInt.TryRead(ref chunk, out var own)
            || shared > (ulong)keyLength || own > (ulong)chunk.Length)
        {
            throw UndoFormat.Damaged();
        }

        Span<byte> beginning = stackalloc byte[256];
        if (shared > 256)
        {
            throw UndoFormat.Damaged();
        }

        key.Take(keyLength)[..(int)shared].CopyTo(beginning);
        keyLength = (int)(shared + own);
        var whole = key.Take(keyLength);
        beginning[..(int)shared].CopyTo(whole);
        chunk[..(int)own].CopyTo(whole[(int)shared..]);
        chunk = chunk[(int)own..];
        return VarInt.TryRead(ref chunk, out var marked) ? (marked >> 1, (marked & 1) != 0) : throw UndoFormat.Damaged();
    }
}
