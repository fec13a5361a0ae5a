namespace Larder.Indexer.State;

/// <summary>
/// Makes a page's older content from its newer one: the first bytes, which say what follows, as they were, and of the rest what
/// is not the same at the beginning or at the end of both.
/// </summary>
internal static class PageDelta
{
    /// <summary>What it takes beside the bytes that differ.</summary>
    public const int MaxOverhead = (3 * 5) + HeadBytes;

    private const int HeadBytes = 3;

    /// <summary>Writes it and gives its length.</summary>
    public static int Write(Span<byte> destination, ReadOnlySpan<byte> older, ReadOnlySpan<byte> newer)
    {
        var length = VarInt.Write(destination, (ulong)older.Length);
        if (older.IsEmpty)
        {
            return length;
        }

        var head = Math.Min(HeadBytes, older.Length);
        older[..head].CopyTo(destination[length..]);
        length += head;
        older = older[head..];
        newer = newer[Math.Min(head, newer.Length)..];
        var front = older.CommonPrefixLength(newer);
        var olderRest = older[front..];
        var newerRest = newer[front..];
        var back = 0;
        while (back < Math.Min(olderRest.Length, newerRest.Length) && olderRest[^(back + 1)] == newerRest[^(back + 1)])
        {
            back++;
        }

        length += VarInt.Write(destination[length..], (ulong)front);
        length += VarInt.Write(destination[length..], (ulong)back);
        olderRest[..^back].CopyTo(destination[length..]);
        return length + olderRest.Length - back;
    }

    /// <summary>Reads one off the front and makes the older content; with a null destination it is only passed over.</summary>
    public static int Read(ref ReadOnlySpan<byte> source, ReadOnlySpan<byte> newer, ScratchBuffer? destination)
    {
        var length = Number(ref source);
        if (length == 0)
        {
            return 0;
        }

        var head = Take(ref source, Math.Min(HeadBytes, length));
        newer = newer[Math.Min(head.Length, newer.Length)..];
        var (front, back) = (Number(ref source), Number(ref source));
        var middle = Take(ref source, length - head.Length - front - back);
        if (destination is null)
        {
            return length;
        }

        if (front > newer.Length || back > newer.Length)
        {
            throw UndoFormat.Damaged();
        }

        var older = destination.Take(length);
        head.CopyTo(older);
        newer[..front].CopyTo(older[head.Length..]);
        middle.CopyTo(older[(head.Length + front)..]);
        newer[^back..].CopyTo(older[(length - back)..]);
        return length;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> source, int count)
    {
        if (count < 0 || count > source.Length)
        {
            throw UndoFormat.Damaged();
        }

        var taken = source[..count];
        source = source[count..];
        return taken;
    }

    private static int Number(ref ReadOnlySpan<byte> source) =>
        VarInt.TryRead(ref source, out var number) && number <= int.MaxValue / 4 ? (int)number : throw UndoFormat.Damaged();
}
