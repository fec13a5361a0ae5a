using System.Buffers.Binary;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>Reads fields, little endian, one after the other; a record that is too short is damage.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> source, string what)
{
    private ReadOnlySpan<byte> _rest = source;

    public readonly bool AtEnd => _rest.IsEmpty;

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8));

    public Fingerprint Fingerprint() => new(Bytes(32));

    public BlockHash BlockHash() => new(Bytes(32));

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > _rest.Length)
        {
            throw Damaged();
        }

        var bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }

    public readonly void RequireEnd()
    {
        if (!AtEnd)
        {
            throw Damaged();
        }
    }

    public readonly IndexerException Damaged() =>
        new(IndexerErrorKind.Damaged, $"The index is damaged: {what} cannot be read. Restore a snapshot or index again.");
}
