using Larder.Cache.Fingerprints;

namespace Larder.Indexer.Merkle;

/// <summary>
/// A sparse Merkle tree over hashed keys, kept in pages: the root is a function of the leaves alone, whatever was written,
/// overwritten and deleted before, in whatever order, by however many threads.
/// </summary>
/// <remarks>
/// The path of a key is the bits of its SHA-256 from the most significant. A leaf is the SHA-256 of 1, the key and the SHA-256
/// of its value; an empty subtree is 32 zero bytes; a subtree of one leaf is that leaf; any other is the SHA-256 of 0 and the
/// subtrees of its two halves. A page holds three levels: see <see cref="MerklePage"/>.
/// </remarks>
internal static partial class MerkleTree
{
    // Below this the threads cost more than they save.
    private const int FewChanges = 1024;

    /// <summary>Applies changes and gives the new root; without changes, the root as it is.</summary>
    /// <param name="pages">The tree's pages. What was written there when this throws belongs to no tree.</param>
    /// <param name="tree">Number of the tree, from 0 to 65,535: trees are apart.</param>
    /// <param name="changes">Leaves and deletions in ascending order of their paths, no path twice.</param>
    /// <param name="threads">How many threads may take part; the result is the same for any number.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The root; default when the tree is empty.</returns>
    /// <exception cref="IndexerException">A page cannot be read or is damaged.</exception>
    internal static Fingerprint Update(
        IPageStore pages, int tree, ReadOnlyMemory<MerkleLeaf> changes, int threads = 1, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pages);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        CheckOrder(changes.Span);
        MerkleUnits? units = null;
        if (changes.Length > FewChanges)
        {
            units = new MerkleUnits(pages, tree, changes);
            units.Run(threads, cancellationToken);
        }

        var worker = new MerkleWorker(pages, tree, units);
        var root = worker.ApplyAll(changes.Span);
        worker.Log.ApplyTo(pages);
        return root.ToFingerprint();
    }

    private static void CheckOrder(ReadOnlySpan<MerkleLeaf> changes)
    {
        for (var index = 1; index < changes.Length; index++)
        {
            if (changes[index - 1].CompareTo(changes[index]) >= 0)
            {
                throw new ArgumentException("The changes are not in the order of their paths, or one path comes twice.", nameof(changes));
            }
        }
    }
}
