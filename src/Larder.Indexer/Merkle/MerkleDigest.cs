using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.Merkle;

/// <summary>32 bytes as they are hashed and stored: a path through the tree, or the hash of a node.</summary>
[InlineArray(Size)]
internal struct MerkleDigest : IComparable<MerkleDigest>
{
    internal const int Size = 32;

    private byte _first;

    internal MerkleDigest(ReadOnlySpan<byte> bytes) => bytes[..Size].CopyTo(MemoryMarshal.CreateSpan(ref _first, Size));

    internal readonly bool IsZero => Word(0) == 0 && Word(8) == 0 && Word(16) == 0 && Word(24) == 0;

    /// <summary>One bit of the path, the most significant bit of the first byte being number 0.</summary>
    internal readonly int Bit(int number) => (this[number >> 3] >> (7 - (number & 7))) & 1;

    /// <summary>Some bits of the path as a number; bits behind the end are 0.</summary>
    internal readonly int Digit(int firstBit, int bits)
    {
        var index = firstBit >> 3;
        var window = (this[index] << 8) | (index + 1 < Size ? this[index + 1] : 0);
        return (window >> (16 - bits - (firstBit & 7))) & ((1 << bits) - 1);
    }

    public readonly int CompareTo(MerkleDigest other)
    {
        var order = Big(Word(0)).CompareTo(Big(other.Word(0)));
        return order != 0 ? order : ((ReadOnlySpan<byte>)this).SequenceCompareTo(other);
    }

    internal readonly bool Same(in MerkleDigest other) =>
        Word(0) == other.Word(0) && Word(8) == other.Word(8) && Word(16) == other.Word(16) && Word(24) == other.Word(24);

    internal readonly Fingerprint ToFingerprint() => new(this);

    internal static MerkleDigest Of(Fingerprint fingerprint)
    {
        MerkleDigest digest = default;
        fingerprint.CopyTo(digest);
        return digest;
    }

    private static ulong Big(ulong word) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(word) : word;

    private readonly ulong Word(int offset) =>
        Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref Unsafe.AsRef(in _first), offset));
}
