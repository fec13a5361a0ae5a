using System.Buffers.Binary;
using Larder.Cache.Fingerprints;

namespace Larder.Oci.Indexes;

/// <summary>Reads the numbers and bytes of an encoded index; what runs past the end or above a limit is refused.</summary>
internal ref struct IndexReader(ReadOnlySpan<byte> input)
{
    private ReadOnlySpan<byte> _rest = input;

    /// <summary>Bytes that are left.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Exactly so many bytes.</summary>
    public ReadOnlySpan<byte> Take(int length)
    {
        if ((uint)length > (uint)_rest.Length)
        {
            throw Malformed("it ends too early");
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    /// <summary>One byte.</summary>
    public byte Byte() => Take(1)[0];

    /// <summary>Four bytes, little-endian.</summary>
    public uint Fixed32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    /// <summary>Eight bytes, little-endian.</summary>
    public long Fixed64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    /// <summary>The 32 bytes of a digest.</summary>
    public Fingerprint Digest() => new(Take(Fingerprint.Size));

    /// <summary>A number of at most <paramref name="maximum"/>.</summary>
    public long Number(long maximum = long.MaxValue)
    {
        var value = Raw();
        return maximum >= 0 && value <= (ulong)maximum ? (long)value : throw Malformed("a number is too large");
    }

    /// <summary>A number that fits an array, at most <paramref name="maximum"/>.</summary>
    public int Count(int maximum) => (int)Number(maximum);

    /// <summary>A number that may be negative.</summary>
    public long Signed()
    {
        var value = Raw();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A length of at most <paramref name="maximum"/>, and the bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int maximum) => Take(Count(maximum));

    public static OciException Malformed(string what) =>
        new(OciErrorKind.InvalidLayer, $"The layer index is malformed: {what}.");

    private ulong Raw()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return part == 0 && shift > 0 ? throw Malformed("a number has needless bytes") : value;
            }
        }

        throw Malformed("a number is too long");
    }
}
