using System.Buffers.Binary;
using Larder.Cache.Fingerprints;
using Larder.Indexer.Engines;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>Reads a snapshot into an empty engine and builds the trees from it. What it reads is not trusted.</summary>
/// <param name="source">The snapshot; the caller's.</param>
/// <param name="store">The engine; the caller's.</param>
internal sealed class SnapshotReader(Stream source, OrderedStore store) : IDisposable
{
    // All of an imported state was written by one commit.
    private const ulong Sequence = 1;
    private const int BatchBytes = 4 << 20;
    private const int LeavesInMemory = 512 << 10;

    private readonly HashingStream _stream = new(source);
    private readonly StoreBatch _batch = store.CreateBatch();
    private readonly ScratchBuffer _scratch = new();
    private LeafPartitions[] _trees = [];
    private byte[] _chunk = [];
    private byte[] _key = [];
    private int _keyLength = -1;

    /// <summary>Reads all of it.</summary>
    /// <param name="expected">The digest that it must have; null for any.</param>
    /// <param name="options">Whose recipe and prefixes it must have, where they say so.</param>
    /// <param name="progress">Told how many keys are done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public StoredBlock Read(
        Fingerprint? expected, IndexStoreOptions options, IProgress<StoreProgress>? progress, CancellationToken cancellationToken)
    {
        var (header, tip) = ReadHeader();
        IndexStore.CheckRecipe(header, options);
        var leavesOfTree = LeavesInMemory / (1 + header.Prefixes.Length);
        _trees = [.. Enumerable.Range(0, 1 + header.Prefixes.Length).Select(_ => new LeafPartitions(leavesOfTree))];
        var bytes = 0L;
        while (ReadChunk() is var entries && entries > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bytes += TakeChunk(entries, header);
            progress?.Report(new StoreProgress(_trees[0].Leaves, tip.Keys));
        }

        CheckEnd(expected);
        Flush(force: true);
        if (_trees[0].Leaves != tip.Keys || bytes != tip.Bytes)
        {
            throw Damaged("it holds another number of keys than it says");
        }

        BuildTrees(header, tip, options.Threads, progress, cancellationToken);
        Span<byte> key = stackalloc byte[StoredBlock.KeyBytes];
        _batch.Put(StoreFamily.Meta, StoredBlock.WriteKey(key, tip.Record.Height), tip.Encode());
        _batch.Put(StoreFamily.Meta, StoreHeader.Key, header.Encode());
        store.Write(_batch, sync: true);
        return tip;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tree in _trees)
        {
            tree.Dispose();
        }

        _batch.Dispose();
        _stream.Dispose();
    }

    private static IndexerException Damaged(string what) =>
        new(IndexerErrorKind.Damaged, $"The snapshot is damaged: {what}. Fetch it again.");

    private (StoreHeader Header, StoredBlock Tip) ReadHeader()
    {
        Span<byte> head = stackalloc byte[16];
        _stream.Read(head);
        if (!head[..8].SequenceEqual(SnapshotFormat.Magic))
        {
            throw Damaged("it does not begin as one");
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(head[8..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head[12..]);
        if (version != SnapshotFormat.Version)
        {
            throw new IndexerException(
                IndexerErrorKind.RecipeMismatch, $"The snapshot is of format {version}, which this program does not know; it knows {SnapshotFormat.Version}.");
        }

        if (length > SnapshotFormat.MaxHeaderBytes || BinaryPrimitives.ReadUInt16LittleEndian(head[10..]) != 0)
        {
            throw Damaged("its header cannot be read");
        }

        var header = new byte[length];
        _stream.Read(header);
        return SnapshotFormat.DecodeHeader(header);
    }

    private uint ReadChunk()
    {
        Span<byte> head = stackalloc byte[8];
        _stream.Read(head);
        var (length, entries) = (BinaryPrimitives.ReadUInt32LittleEndian(head), BinaryPrimitives.ReadUInt32LittleEndian(head[4..]));
        if (length > SnapshotFormat.MaxChunkBytes || (length == 0) != (entries == 0))
        {
            throw Damaged("a part of it cannot be read");
        }

        if (_chunk.Length != length)
        {
            _chunk = new byte[length];
        }

        _stream.Read(_chunk);
        return entries;
    }

    private long TakeChunk(uint entries, StoreHeader header)
    {
        ReadOnlySpan<byte> rest = _chunk;
        var (bytes, inChunk) = (0L, 0);
        for (var i = 0U; i < entries; i++)
        {
            if (!VarInt.TryRead(ref rest, out var shared) || !VarInt.TryRead(ref rest, out var own) || !VarInt.TryRead(ref rest, out var valueLength)
                || shared > (ulong)inChunk || shared + own > IndexStore.MaxKeyBytes || valueLength is 0 or > IndexStore.MaxValueBytes
                || own + valueLength > (ulong)rest.Length)
            {
                throw Damaged("an entry of it cannot be read");
            }

            var key = NextKey((int)shared, rest[..(int)own]);
            inChunk = key.Length;
            Add(key, rest.Slice((int)own, (int)valueLength), header);
            rest = rest[(int)(own + valueLength)..];
            bytes += key.Length + (long)valueLength;
        }

        return rest.IsEmpty ? bytes : throw Damaged("a part of it is too long");
    }

    // Keys ascend over the whole of it, so that none comes twice.
    private ReadOnlySpan<byte> NextKey(int shared, ReadOnlySpan<byte> own)
    {
        var key = new byte[shared + own.Length];
        _key.AsSpan(0, shared).CopyTo(key);
        own.CopyTo(key.AsSpan(shared));
        if (_keyLength >= 0 && key.AsSpan().SequenceCompareTo(_key.AsSpan(0, _keyLength)) <= 0)
        {
            throw Damaged("its keys are not in order");
        }

        (_key, _keyLength) = (key, key.Length);
        return key;
    }

    private void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, StoreHeader header)
    {
        _batch.Put(StoreFamily.Values, key, VersionFormat.Latest(_scratch, Sequence, value));
        var leaf = MerkleLeaf.Of(key, value);
        _trees[0].Add(leaf);
        for (var i = 0; i < header.Prefixes.Length; i++)
        {
            if (key.StartsWith(header.Prefixes[i].Prefix.Span))
            {
                _trees[i + 1].Add(leaf);
            }
        }

        Flush(force: false);
    }

    private void Flush(bool force)
    {
        if (_batch.ByteCount >= BatchBytes || (force && _batch.ByteCount > 0))
        {
            store.Write(_batch, sync: false);
            _batch.Clear();
        }
    }

    private void CheckEnd(Fingerprint? expected)
    {
        var digest = _stream.Digest();
        Span<byte> end = stackalloc byte[SnapshotFormat.DigestBytes];
        _stream.Read(end);
        if (new Fingerprint(end) != digest)
        {
            throw Damaged("its digest is another than its end says");
        }

        if (expected is { } wanted && wanted != digest)
        {
            throw Damaged($"its digest is {digest}, and {wanted} is expected");
        }

        if (source.ReadByte() >= 0)
        {
            throw Damaged("something follows its end");
        }
    }

    // By parts of the tree, so that pages are written once and only those near the root more often.
    private void BuildTrees(
        StoreHeader header, StoredBlock tip, int threads, IProgress<StoreProgress>? progress, CancellationToken cancellationToken)
    {
        using var pages = new StatePages();
        for (var tree = 0; tree < _trees.Length; tree++)
        {
            var root = default(Fingerprint);
            var done = 0L;
            for (var part = 0; part < LeafPartitions.Count; part++)
            {
                var leaves = _trees[tree].Sorted(part);
                if (leaves.Length == 0)
                {
                    continue;
                }

                var generation = new StoreGeneration(store.CreateSnapshot(), header, tip);
                pages.Begin(generation, _batch, Sequence, undoes: false);
                root = MerkleTree.Update(pages, tree, leaves, threads, cancellationToken);
                pages.End();
                generation.Release();
                Flush(force: true);
                done += leaves.Length;
                progress?.Report(new StoreProgress(done, _trees[tree].Leaves));
            }

            var stated = tree == 0 ? tip.Record.Root : tip.Record.PrefixRoots[tree - 1];
            if (root != stated)
            {
                throw Damaged($"its values make the root {root}, and it says {stated}");
            }
        }
    }
}
