using System.Buffers;
using System.Buffers.Binary;
using Larder.Cache.Fingerprints;

namespace Larder.Oci.Indexes;

/// <summary>Writes the numbers and bytes of an encoded index.</summary>
internal readonly ref struct IndexWriter(ArrayBufferWriter<byte> output)
{
    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Written => output.WrittenSpan;

    /// <summary>One byte.</summary>
    public void Byte(byte value) => output.Write([value]);

    /// <summary>Four bytes, little-endian.</summary>
    public void Fixed(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(4), value);
        output.Advance(4);
    }

    /// <summary>Eight bytes, little-endian.</summary>
    public void Fixed(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    /// <summary>The 32 bytes of a digest.</summary>
    public void Digest(Fingerprint value)
    {
        value.CopyTo(output.GetSpan(Fingerprint.Size));
        output.Advance(Fingerprint.Size);
    }

    /// <summary>Seven bits a byte, the lowest first; the upper bit of every byte but the last is set.</summary>
    public void Number(ulong value)
    {
        var span = output.GetSpan(10);
        var length = 0;
        for (; value > 0x7F; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        output.Advance(length);
    }

    /// <summary>A number that may be negative: its sign is the lowest bit.</summary>
    public void Signed(long value) => Number((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>A length and the bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        Number((ulong)value.Length);
        output.Write(value);
    }
}
