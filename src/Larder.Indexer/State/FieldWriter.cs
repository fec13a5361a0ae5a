using System.Buffers;
using System.Buffers.Binary;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>Writes fields, little endian, one after the other.</summary>
internal sealed class FieldWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public FieldWriter UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Next(2), value);
        return this;
    }

    public FieldWriter UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Next(4), value);
        return this;
    }

    public FieldWriter UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Next(8), value);
        return this;
    }

    public FieldWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Next(8), value);
        return this;
    }

    public FieldWriter Fingerprint(Fingerprint value)
    {
        value.CopyTo(Next(32));
        return this;
    }

    public FieldWriter BlockHash(BlockHash value)
    {
        value.CopyTo(Next(32));
        return this;
    }

    public FieldWriter Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Next(value.Length));
        return this;
    }

    private Span<byte> Next(int count)
    {
        var span = _buffer.GetSpan(count)[..count];
        _buffer.Advance(count);
        return span;
    }
}
