using System.Diagnostics.CodeAnalysis;

namespace Larder.Indexer;

/// <summary>
/// The hash of a block: 32 bytes as they stand in the headers of later blocks. As text they are reversed, as nodes show them.
/// </summary>
public readonly struct BlockHash : IEquatable<BlockHash>
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    private readonly UInt128 _low;
    private readonly UInt128 _high;

    /// <summary>A hash of these bytes.</summary>
    /// <param name="bytes">32 bytes in the order of a header.</param>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public BlockHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A block hash has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        _low = System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(bytes);
        _high = System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(bytes[16..]);
    }

    /// <summary>Writes the 32 bytes in the order of a header.</summary>
    public void CopyTo(Span<byte> destination)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(destination, _low);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(destination[16..], _high);
    }

    /// <summary>Reads what <see cref="ToString"/> writes, in either case of letters.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out BlockHash hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text?.Length != 2 * Size || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        bytes.Reverse();
        hash = new BlockHash(bytes);
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(BlockHash other) => _low == other._low && _high == other._high;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BlockHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_low, _high);

    /// <summary>64 lower-case hex digits, the bytes reversed.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        bytes.Reverse();
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>Whether both are the same.</summary>
    public static bool operator ==(BlockHash left, BlockHash right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(BlockHash left, BlockHash right) => !left.Equals(right);
}
