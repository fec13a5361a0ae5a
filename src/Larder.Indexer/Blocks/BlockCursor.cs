using System.Buffers.Binary;

namespace Larder.Indexer.Blocks;

/// <summary>Reads the bytes of one block from its start to its end, and refuses with the offset where one is missing.</summary>
internal ref struct BlockCursor(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes that were read.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes that are left.</summary>
    public readonly int Remaining => _bytes.Length - Position;

    public ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > Remaining)
        {
            throw Bad($"{what} ({Words(count)}) would end {Words(count - Remaining)} after the end of the block");
        }

        Position += count;
        return _bytes.Slice(Position - count, count);
    }

    public byte Byte(string what) => Take(1, what)[0];

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    /// <summary>The next byte without reading it; -1 at the end.</summary>
    public readonly int Peek() => Remaining > 0 ? _bytes[Position] : -1;

    /// <summary>
    /// A count in its variable length, which must be the shortest, of things of at least <paramref name="least"/> bytes each: more
    /// of them than the rest of the block could hold are refused here.
    /// </summary>
    public int Count(string what, int least)
    {
        var start = Position;
        ulong count = Byte(what);
        var (length, floor) = count switch
        {
            < 0xFD => (0, 0UL),
            0xFD => (2, 0xFDUL),
            0xFE => (4, 0x1_0000UL),
            _ => (8, 0x1_0000_0000UL),
        };
        if (length > 0)
        {
            var rest = Take(length, what);
            count = length switch
            {
                2 => BinaryPrimitives.ReadUInt16LittleEndian(rest),
                4 => BinaryPrimitives.ReadUInt32LittleEndian(rest),
                _ => BinaryPrimitives.ReadUInt64LittleEndian(rest),
            };
            if (count < floor)
            {
                Position = start;
                throw Bad($"{what} {count} is not written in its shortest form");
            }
        }

        if (count > (ulong)(Remaining / least))
        {
            var left = Remaining;
            Position = start;
            throw Bad($"{what} {count} is more than the {Words(left)} after it can hold");
        }

        return (int)count;
    }

    /// <summary>Passes over bytes that their length stands before.</summary>
    public void Skip(string what) => Take(Count(what, 1), what);

    public readonly IndexerException Bad(string what) =>
        new(IndexerErrorKind.BadBlock, $"The block of {Words(_bytes.Length)} is not valid: at byte {Position} {what}.");

    private static string Words(int bytes) => bytes == 1 ? "1 byte" : $"{bytes} bytes";
}
