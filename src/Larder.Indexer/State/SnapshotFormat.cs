using System.Text;

namespace Larder.Indexer.State;

/// <summary>The format of snapshots: see "Snapshot of an index" in docs/FORMATS.md.</summary>
internal static class SnapshotFormat
{
    public const ushort Version = 1;

    /// <summary>Bytes of entries after which a chunk ends.</summary>
    public const int ChunkBytes = 1 << 20;

    /// <summary>A chunk holds at least one entry, however long.</summary>
    public const int MaxChunkBytes = ChunkBytes + IndexStore.MaxKeyBytes + IndexStore.MaxValueBytes + 64;

    public const int MaxHeaderBytes = 4 << 20;

    public const int DigestBytes = 32;

    public static ReadOnlySpan<byte> Magic => "LRDRSNAP"u8;

    /// <summary>The header: whose state it is, and after which block.</summary>
    public static byte[] EncodeHeader(StoreHeader header, StoredBlock tip)
    {
        // The number of the commit is a matter of the store, not of the state.
        var block = (tip with { Record = tip.Record with { Sequence = 1 } }).Encode();
        var writer = new FieldWriter().Fingerprint(header.Recipe).UInt16((ushort)header.Prefixes.Length);
        foreach (var prefix in header.Prefixes)
        {
            var name = Encoding.UTF8.GetBytes(prefix.Name);
            writer.UInt16((ushort)name.Length).UInt16((ushort)prefix.Prefix.Length).Bytes(name).Bytes(prefix.Prefix.Span);
        }

        return writer.UInt32((uint)block.Length).Bytes(block).Written.ToArray();
    }

    public static (StoreHeader Header, StoredBlock Tip) DecodeHeader(ReadOnlySpan<byte> source)
    {
        var reader = new FieldReader(source, "its header");
        var recipe = reader.Fingerprint();
        var prefixes = new KeyPrefix[reader.UInt16()];
        foreach (ref var prefix in prefixes.AsSpan())
        {
            var (name, length) = (reader.UInt16(), reader.UInt16());
            prefix = new KeyPrefix(Encoding.UTF8.GetString(reader.Bytes(name)), reader.Bytes(length).ToArray());
        }

        var tip = StoredBlock.Decode(reader.Bytes(checked((int)Math.Min(reader.UInt32(), int.MaxValue))));
        reader.RequireEnd();
        if (tip.Record.PrefixRoots.Length != prefixes.Length || tip.Record.Sequence != 1 || tip.Keys < 0)
        {
            throw reader.Damaged();
        }

        var header = new StoreHeader
        {
            Recipe = recipe,
            Prefixes = [.. prefixes],
            NextSequence = 2,
            Tip = tip.Record.Height,
            Lowest = tip.Record.Height,
        };
        return (header, tip);
    }
}
