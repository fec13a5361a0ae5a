using System.Collections.Immutable;
using System.Text;
using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.State;
using Larder.Tests.Indexer.Merkle;

namespace Larder.Tests.Indexer.State;

/// <summary>
/// What a store must hold, as plainly as can be: the whole state after each block that is on the chain, and nothing of what
/// was taken back. Keys are texts of which each character is a byte.
/// </summary>
internal sealed class StateModel(IReadOnlyList<KeyPrefix> prefixes)
{
    private readonly List<(BlockCommit Commit, ImmutableSortedDictionary<string, byte[]> State, Fingerprint[] Roots)> _blocks = [];

    public uint FirstHeight { get; private set; }

    public uint Lowest { get; private set; }

    public bool IsEmpty => _blocks.Count == 0;

    public uint Tip => FirstHeight + (uint)_blocks.Count - 1;

    public BlockCommit TipCommit => _blocks[^1].Commit;

    public ImmutableSortedDictionary<string, byte[]> StateAt(uint height) => _blocks[(int)(height - FirstHeight)].State;

    public BlockCommit CommitAt(uint height) => _blocks[(int)(height - FirstHeight)].Commit;

    /// <summary>A model of its own that holds the same.</summary>
    public StateModel Copy()
    {
        var copy = new StateModel(prefixes) { FirstHeight = FirstHeight, Lowest = Lowest };
        copy._blocks.AddRange(_blocks);
        return copy;
    }

    /// <summary>Whether a store shows the same tip and the same lowest height.</summary>
    public bool LooksLike(IndexStore store) => IsEmpty
        ? store.Tip is null
        : store.Tip is { } tip && tip.Hash == TipCommit.Hash && store.LowestHeight == Lowest;

    public static string Text(ReadOnlySpan<byte> key) => Encoding.Latin1.GetString(key);

    public void Commit(BlockCommit commit)
    {
        var state = IsEmpty ? ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal) : _blocks[^1].State;
        var builder = state.ToBuilder();
        foreach (var write in commit.Writes)
        {
            if (write.Value.IsEmpty)
            {
                builder.Remove(Text(write.Key.Span));
            }
            else
            {
                builder[Text(write.Key.Span)] = write.Value.ToArray();
            }
        }

        if (IsEmpty)
        {
            (FirstHeight, Lowest) = (commit.Height, commit.Height);
        }

        _blocks.Add((commit, builder.ToImmutable(), RootsOf(builder)));
    }

    public void Rollback(uint height) => _blocks.RemoveRange((int)(height - FirstHeight) + 1, (int)(Tip - height));

    public void RollbackAll() => _blocks.Clear();

    public void Prune(uint lowest) => Lowest = lowest;

    /// <summary>Compares everything that can be seen of a store.</summary>
    public void AssertEqual(IndexStore store, IEnumerable<string> keys)
    {
        if (IsEmpty)
        {
            Assert.Null(store.Tip);
            Assert.Null(store.LowestHeight);
            return;
        }

        Assert.Equal(Tip, store.Tip?.Height);
        Assert.Equal(Lowest, store.LowestHeight);
        Assert.Null(store.Block(Tip + 1));
        for (var height = Lowest; height <= Tip; height++)
        {
            AssertEqual(store, height, keys);
        }

        Assert.Empty(store.Verify().Problems);
        Assert.Equal(_blocks[^1].State.Count, store.GetStatistics().Keys);
        if (Lowest > 0)
        {
            Assert.Null(store.Block(Lowest - 1));
            Assert.Equal(IndexerErrorKind.NoSuchHeight, Assert.Throws<IndexerException>(() => store.OpenReader(Lowest - 1)).Kind);
        }
    }

    /// <summary>Compares a store at one height.</summary>
    public void AssertEqual(IndexStore store, uint height, IEnumerable<string> keys)
    {
        var (commit, state, roots) = _blocks[(int)(height - FirstHeight)];
        var record = store.Block(height);
        Assert.NotNull(record);
        Assert.Equal((commit.Hash, commit.PreviousHash, commit.Run), (record.Hash, record.PreviousHash, record.Run));
        Assert.Equal(commit.Writes.Select(static write => Text(write.Key.Span)).Distinct().Count(), record.Writes);
        Assert.Equal<IEnumerable<Fingerprint>>(roots, [record.Root, .. record.PrefixRoots]);
        using var reader = store.OpenReader(height);
        AssertEqual(reader, state, keys);
        Assert.Equal(
            state.Select(static pair => (pair.Key, Convert.ToHexString(pair.Value))),
            store.ScanPrefix(default, height).Select(static entry => (Text(entry.Key.Span), Convert.ToHexString(entry.Value.Span))));
        foreach (var prefix in prefixes)
        {
            Assert.Equal(
                state.Keys.Where(key => key.StartsWith(Text(prefix.Prefix.Span), StringComparison.Ordinal)),
                store.ScanPrefix(prefix.Prefix, height).Select(static entry => Text(entry.Key.Span)));
        }
    }

    public static void AssertEqual(StateReader reader, ImmutableSortedDictionary<string, byte[]> state, IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            var expected = state.GetValueOrDefault(key) ?? [];
            if (!reader.Get(Encoding.Latin1.GetBytes(key)).SequenceEqual(expected))
            {
                Assert.Fail($"Key {Convert.ToHexString(Encoding.Latin1.GetBytes(key))}: {Convert.ToHexString(reader.Get(Encoding.Latin1.GetBytes(key)))} and not {Convert.ToHexString(expected)}.");
            }
        }
    }

    private Fingerprint[] RootsOf(IEnumerable<KeyValuePair<string, byte[]>> state)
    {
        var pairs = state.Select(static pair => KeyValuePair.Create(Encoding.Latin1.GetBytes(pair.Key), pair.Value)).ToArray();
        return
        [
            NaiveTree.Root(pairs),
            .. prefixes.Select(prefix => NaiveTree.Root(pairs.Where(pair => pair.Key.AsSpan().StartsWith(prefix.Prefix.Span)))),
        ];
    }
}
