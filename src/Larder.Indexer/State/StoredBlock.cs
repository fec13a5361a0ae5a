using System.Buffers.Binary;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>A block's record with what the store alone wants to know.</summary>
/// <param name="Record">The record.</param>
/// <param name="Keys">Keys that have a value after the block.</param>
/// <param name="Bytes">Bytes of these keys and values.</param>
internal sealed record StoredBlock(BlockRecord Record, long Keys, long Bytes)
{
    /// <summary>Length of a key of a record.</summary>
    public const int KeyBytes = 1 + sizeof(uint);

    private const byte KeyMark = 1;

    public static ReadOnlySpan<byte> WriteKey(Span<byte> destination, uint height)
    {
        destination[0] = KeyMark;
        BinaryPrimitives.WriteUInt32BigEndian(destination[1..], height);
        return destination[..KeyBytes];
    }

    public byte[] Encode()
    {
        var writer = new FieldWriter()
            .UInt32(Record.Height).UInt64(Record.Sequence).BlockHash(Record.Hash).BlockHash(Record.PreviousHash)
            .Fingerprint(Record.Root).UInt32((uint)Record.Writes)
            .Fingerprint(Record.Run.FlushDigest).Int64(Record.Run.Fuel).UInt32(Record.Run.MemoryPages).Fingerprint(Record.Run.MemoryDigest)
            .Int64(Keys).Int64(Bytes).UInt16((ushort)Record.PrefixRoots.Length);
        foreach (var root in Record.PrefixRoots)
        {
            writer.Fingerprint(root);
        }

        return writer.Written.ToArray();
    }

    public static StoredBlock Decode(ReadOnlySpan<byte> source)
    {
        var reader = new FieldReader(source, "the record of a block");
        var (height, sequence, hash, previous) = (reader.UInt32(), reader.UInt64(), reader.BlockHash(), reader.BlockHash());
        var (root, writes) = (reader.Fingerprint(), reader.UInt32());
        var run = new BlockRun(reader.Fingerprint(), reader.Int64(), reader.UInt32(), reader.Fingerprint());
        var (keys, bytes) = (reader.Int64(), reader.Int64());
        var prefixRoots = new Fingerprint[reader.UInt16()];
        foreach (ref var prefixRoot in prefixRoots.AsSpan())
        {
            prefixRoot = reader.Fingerprint();
        }

        reader.RequireEnd();
        var record = new BlockRecord
        {
            Height = height,
            Sequence = sequence,
            Hash = hash,
            PreviousHash = previous,
            Root = root,
            PrefixRoots = [.. prefixRoots],
            Writes = (int)writes,
            Run = run,
        };
        return new StoredBlock(record, keys, bytes);
    }
}
