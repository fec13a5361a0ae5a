using System.Collections.Immutable;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>What a commit changes of the state: sums, and leaves for the trees.</summary>
internal sealed class StateChanges(SortedWrites writes, ImmutableArray<KeyPrefix> prefixes)
{
    // Below this the threads cost more than they save.
    private const int FewKeys = 512;

    private readonly List<int> _changed = [];

    /// <summary>By how much the number of keys with a value changes.</summary>
    public long Keys { get; private set; }

    /// <summary>By how much the bytes of these keys and values change.</summary>
    public long Bytes { get; private set; }

    /// <summary>Takes a write that changes a key.</summary>
    public void Add(int index, ReadOnlySpan<byte> before)
    {
        var keyLength = writes.Keys[index].Length;
        var after = writes.Value(index);
        Keys += (after.IsEmpty ? 0 : 1) - (before.IsEmpty ? 0 : 1);
        Bytes += (after.IsEmpty ? 0 : keyLength + after.Length) - (before.IsEmpty ? 0 : keyLength + before.Length);
        _changed.Add(index);
    }

    /// <summary>The changed leaves of each tree in the order of their paths: the whole state, then each prefix.</summary>
    public MerkleLeaf[][] ToLeaves(int threads)
    {
        var leaves = new MerkleLeaf[_changed.Count];
        if (leaves.Length < FewKeys)
        {
            Hash(0);
        }
        else
        {
            Parallel.For(0, (leaves.Length + FewKeys - 1) / FewKeys, new ParallelOptions { MaxDegreeOfParallelism = threads }, Hash);
        }

        var trees = new MerkleLeaf[1 + prefixes.Length][];
        for (var tree = 1; tree < trees.Length; tree++)
        {
            var prefix = prefixes[tree - 1].Prefix.Span;
            var matching = new List<MerkleLeaf>();
            for (var i = 0; i < leaves.Length; i++)
            {
                if (writes.Keys[_changed[i]].StartsWith(prefix))
                {
                    matching.Add(leaves[i]);
                }
            }

            trees[tree] = [.. matching];
        }

        trees[0] = leaves;
        foreach (var tree in trees)
        {
            Array.Sort(tree);
        }

        return trees;

        void Hash(int part)
        {
            for (var i = part * FewKeys; i < Math.Min(leaves.Length, (part + 1) * FewKeys); i++)
            {
                leaves[i] = MerkleLeaf.Of(writes.Keys[_changed[i]], writes.Value(_changed[i]));
            }
        }
    }
}
