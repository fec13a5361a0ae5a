using Larder.Cache.Fingerprints;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>Walks over all pages of a tree and holds the hash of each against the page above it. For one thread.</summary>
internal sealed class PageTreeCheck(PageReader reader, CancellationToken cancellationToken)
{
    private readonly byte[] _key = new byte[MerklePage.MaxKeyBytes];
    private long _leaves;

    /// <summary>Pages of all trees so far.</summary>
    public long Pages { get; private set; }

    /// <summary>The root that the pages make, and how many leaves they hold.</summary>
    /// <exception cref="IndexerException">A page is missing or is not what the page above it says.</exception>
    public (Fingerprint Root, long Leaves) Walk(int tree)
    {
        MerklePage.WriteTree(_key, tree);
        _leaves = 0;
        var root = Page(0);
        return (root, _leaves);
    }

    private Fingerprint Page(int level)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var page = reader.Get(_key.AsSpan(0, MerklePage.TreeBytes + level), out _).ToArray();
        if (page.Length == 0 && level == 0)
        {
            return default;
        }

        if (page.Length is < MerklePage.HeaderBytes or > MerklePage.MaxBytes)
        {
            throw Damaged();
        }

        Pages++;
        Span<MerkleNode> nodes = stackalloc MerkleNode[MerklePage.Slots];
        MerklePage.NodesOf(page, level, nodes);
        var offset = MerklePage.HeaderBytes;
        for (var slot = 0; slot < MerklePage.Slots; slot++)
        {
            var kind = MerklePage.KindOf(page, slot);
            if (kind == MerklePage.Subtree)
            {
                _key[MerklePage.TreeBytes + level] = (byte)slot;
                if (Page(level + 1) != new Fingerprint(page.AsSpan(offset, MerkleDigest.Size)))
                {
                    throw Damaged();
                }
            }
            else
            {
                _leaves += kind;
            }

            offset += MerklePage.LengthOf(kind);
        }

        return MerklePage.Join(nodes).Hash.ToFingerprint();
    }

    private static IndexerException Damaged() => new(
        IndexerErrorKind.Damaged, "The index is damaged: a page of its trees is not what the page above it says. Restore a snapshot or index again.");
}
