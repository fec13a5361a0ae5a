using Larder.Cache.Fingerprints;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <content>Proofs of what a key has, for who knows a root.</content>
public sealed partial class IndexStore
{
    /// <summary>Proves what value a key has after a block, or that it has none.</summary>
    /// <param name="height">The block's height: its record has the root that the proof belongs to.</param>
    /// <param name="key">The key.</param>
    /// <param name="prefix">Name of a configured prefix, to prove against its root; null for the root of the whole state.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A proof for <see cref="MerkleProof.Verify"/>.</returns>
    /// <remarks>
    /// Quick, except for a key without a value in whose place another leaf stands: the trees hold hashes only, so the keys are
    /// looked through for that leaf's. Pages of former heights are made from today's, one block after the other.
    /// </remarks>
    /// <exception cref="IndexerException">
    /// NoSuchHeight: it is not indexed or was pruned. Configuration: there is no such prefix, or the key does not begin with it. Damaged.
    /// </exception>
    public MerkleProof Prove(uint height, ReadOnlyMemory<byte> key, string? prefix = null, CancellationToken cancellationToken = default)
    {
        var generation = Hold();
        try
        {
            var sequence = Require(generation, height).Record.Sequence;
            var tree = TreeOf(generation, key.Span, prefix, out var start);
            using var pages = new ProofPages(generation, sequence);
            return MerkleTree.Prove(pages, tree, key.Span, path => FindKey(generation, sequence, start, path, cancellationToken));
        }
        finally
        {
            generation.Release();
        }
    }

    private static int TreeOf(StoreGeneration generation, ReadOnlySpan<byte> key, string? prefix, out ReadOnlyMemory<byte> start)
    {
        start = default;
        if (prefix is null)
        {
            return 0;
        }

        for (var index = 0; index < generation.Header.Prefixes.Length; index++)
        {
            start = generation.Header.Prefixes[index].Prefix;
            if (generation.Header.Prefixes[index].Name == prefix && key.StartsWith(start.Span))
            {
                return index + 1;
            }
        }

        throw new IndexerException(
            IndexerErrorKind.Configuration, $"The key is in no tree of the prefix '{prefix}': the index has no such prefix, or the key does not begin with it.");
    }

    private static (ReadOnlyMemory<byte> Key, Fingerprint ValueDigest) FindKey(
        StoreGeneration generation, ulong sequence, ReadOnlyMemory<byte> start, Fingerprint path, CancellationToken cancellationToken)
    {
        foreach (var entry in StateScan.Entries(generation, sequence, start, long.MaxValue))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Fingerprint.OfContent(entry.Key.Span) == path)
            {
                return (entry.Key, Fingerprint.OfContent(entry.Value.Span));
            }
        }

        throw new IndexerException(IndexerErrorKind.Damaged, $"The tree has a leaf {path} whose key is not in the state: restore the index from a snapshot or index again.");
    }

    // The pages after some block, to be read only.
    private sealed class ProofPages(StoreGeneration generation, ulong sequence) : IPageStore, IDisposable
    {
        private readonly PageReader _reader = new(generation.Snapshot, sequence, generation.Header.Dead);

        public int Read(ReadOnlySpan<byte> key, Span<byte> page, out ulong version)
        {
            var found = _reader.Get(key, out version);
            if (found.IsEmpty)
            {
                return -1;
            }

            found[..Math.Min(found.Length, page.Length)].CopyTo(page);
            return found.Length;
        }

        public int WriteDifference(ReadOnlySpan<byte> older, ReadOnlySpan<byte> newer, Span<byte> destination) => throw ReadOnly();

        public void Write(in PageWrite write) => throw ReadOnly();

        public void Dispose() => _reader.Dispose();

        private static InvalidOperationException ReadOnly() => new("Proofs change nothing.");
    }
}
