using System.Collections.Immutable;
using Larder.Cache.Fingerprints;
using Larder.Indexer.Engines;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>Checks one generation of a store: roots from values, records, versions and undo lists against each other.</summary>
/// <remarks>
/// A version that counts and was superseded is there because an undo list of a live commit names it, or because a rollback left
/// a newest version that does not count above it; the two numbers must add up. Reading everything also checks every block of
/// the engine's files.
/// </remarks>
internal sealed class StoreVerifier(StoreGeneration generation, IProgress<StoreProgress>? progress, CancellationToken cancellationToken) : IDisposable
{
    private const int LeavesInMemory = 512 << 10;
    private const int ProgressKeys = 1 << 16;

    private readonly ImmutableArray<string>.Builder _problems = ImmutableArray.CreateBuilder<string>();
    private readonly DeadIntervals _dead = generation.Header.Dead;
    private readonly StoreValue _value = new();
    private long _blocks;
    private long _keys;
    private long _oldVersions;
    private long _undoEntries;

    public VerifyReport Run()
    {
        try
        {
            Require(generation.Tip is null || generation.Sequence < generation.Header.NextSequence, "The next sequence was used already.");
            CheckBlocks();
            CheckRoots();
            CheckVersions();
            CheckPages();
        }
        catch (IndexerException error) when (error.Kind == IndexerErrorKind.Damaged)
        {
            Require(false, error.Message);
        }

        return new VerifyReport
        {
            Blocks = _blocks,
            Keys = _keys,
            OldVersions = _oldVersions,
            UndoEntries = _undoEntries,
            Problems = _problems.ToImmutable(),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _value.Dispose();

    private void CheckBlocks()
    {
        if (generation.Tip is null)
        {
            return;
        }

        BlockRecord? below = null;
        for (long height = generation.Header.Lowest; height <= generation.Tip.Record.Height; height++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var record = StoreGeneration.Read(generation.Snapshot, (uint)height).Record;
            Require(!_dead.Contains(record.Sequence), $"The block of height {height} was rolled back and is there.");
            Require(below is null || record.PreviousHash == below.Hash, $"The block of height {height} does not follow the one below it.");
            Require(below is null || record.Sequence > below.Sequence, $"The block of height {height} is older than the one below it.");
            Require(record.PrefixRoots.Length == generation.Header.Prefixes.Length, $"The block of height {height} lacks roots of prefixes.");
            below = record;
            _blocks++;
        }
    }

    private void CheckRoots()
    {
        if (generation.Tip is not { } tip)
        {
            return;
        }

        var keyBytes = 0L;
        var root = Root(default, (keys, bytes) => (_keys, keyBytes) = (keys, bytes));
        Require(root == tip.Record.Root, $"The root of height {tip.Record.Height} is {tip.Record.Root}, and its values make {root}.");
        Require(
            (_keys, keyBytes) == (tip.Keys, tip.Bytes),
            $"The block of height {tip.Record.Height} counts {tip.Keys} keys with {tip.Bytes} bytes, and there are {_keys} with {keyBytes}.");
        for (var i = 0; i < generation.Header.Prefixes.Length; i++)
        {
            var prefix = generation.Header.Prefixes[i];
            root = Root(prefix.Prefix, null);
            Require(
                root == tip.Record.PrefixRoots[i],
                $"The root of '{prefix.Name}' at height {tip.Record.Height} is {tip.Record.PrefixRoots[i]}, and its values make {root}.");
        }

        var lowest = StoreGeneration.Read(generation.Snapshot, generation.Header.Lowest).Record;
        if (lowest.Height != tip.Record.Height)
        {
            using var leaves = new LeafPartitions(LeavesInMemory);
            Collect(leaves, lowest.Sequence, default);
            root = LeafRoot.Of(leaves);
            Require(root == lowest.Root, $"The root of height {lowest.Height} is {lowest.Root}, and its values make {root}.");
        }
    }

    private Fingerprint Root(ReadOnlyMemory<byte> prefix, Action<long, long>? sums)
    {
        using var leaves = new LeafPartitions(LeavesInMemory);
        var bytes = Collect(leaves, generation.Sequence, prefix);
        sums?.Invoke(leaves.Leaves, bytes);
        return LeafRoot.Of(leaves);
    }

    private long Collect(LeafPartitions leaves, ulong sequence, ReadOnlyMemory<byte> prefix)
    {
        var bytes = 0L;
        foreach (var entry in StateScan.Entries(generation, sequence, prefix, long.MaxValue))
        {
            leaves.Add(MerkleLeaf.Of(entry.Key.Span, entry.Value.Span));
            bytes += entry.Key.Length + entry.Value.Length;
            if (leaves.Leaves % ProgressKeys == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(new StoreProgress(leaves.Leaves, generation.Tip?.Keys ?? 0));
            }
        }

        return bytes;
    }

    private void CheckVersions()
    {
        var hidden = CountHidden();
        var (undoEntries, superseded) = CheckUndo();
        var counting = CheckHistory();
        _undoEntries += undoEntries;
        Require(
            counting == superseded + hidden,
            $"There are {counting} old versions, and undo lists and rollbacks account for {superseded + hidden}.");
    }

    // Keys whose newest version does not count and that have an older one which does.
    private long CountHidden()
    {
        var hidden = 0L;
        using var reader = new VersionReader(generation.Snapshot, generation.Sequence, _dead);
        using var latest = generation.Snapshot.Iterate(StoreFamily.Values, scan: true);
        for (latest.Seek([]); latest.IsValid; latest.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var sequence = VersionFormat.SequenceOf(latest.Value);
            Require(sequence < generation.Header.NextSequence, $"A key of the state was written by commit {sequence}, which is to come.");
            if (!reader.Counts(sequence))
            {
                Require(_dead.Contains(sequence), $"A key of the state was written by commit {sequence}, which is above the tip.");
                hidden += reader.TryGetOlder(latest.Key, out _, out _) ? 1 : 0;
            }
        }

        return hidden;
    }

    private (long Entries, long Superseded) CheckUndo()
    {
        var (entries, count) = (0L, 0L);
        using var keys = new PackedKeys();
        var superseded = new List<ulong>();
        using var lists = generation.Snapshot.Iterate(StoreFamily.Undo, scan: true);
        for (lists.Seek([]); lists.IsValid; lists.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (sequence, ofPages) = UndoFormat.ParseKey(lists.Key);
            if (ofPages)
            {
                continue;
            }

            keys.Clear();
            superseded.Clear();
            UndoFormat.Read(lists.Value, keys, superseded);
            entries += keys.Count;
            if (_dead.Contains(sequence))
            {
                continue;
            }

            for (var i = 0; i < keys.Count; i++)
            {
                Require(HasVersion(keys[i], sequence), $"Commit {sequence} wrote a key of the state that is not there.");
                if (superseded[i] != 0)
                {
                    count++;
                    Require(HasOld(keys[i], superseded[i]), $"Commit {sequence} superseded a version of a key that is not there.");
                }
            }
        }

        return (entries, count);
    }

    private long CheckHistory()
    {
        var counting = 0L;
        var scratch = new ScratchBuffer();
        using var old = generation.Snapshot.Iterate(StoreFamily.History, scan: true);
        for (old.Seek([]); old.IsValid; old.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            _oldVersions++;
            var sequence = VersionFormat.SequenceOfHistoryKey(old.Key);
            var key = VersionFormat.KeyOfHistoryKey(scratch, old.Key);
            if (_dead.Contains(sequence))
            {
                continue;
            }

            counting++;
            Require(
                generation.Snapshot.TryGet(StoreFamily.Values, key, _value) && VersionFormat.SequenceOf(_value.Span) > sequence,
                "An old version of a key is not below a newer one.");
        }

        return counting;
    }

    private void CheckPages()
    {
        if (generation.Tip is not { } tip)
        {
            return;
        }

        using var pages = new PageReader(generation.Snapshot, generation.Sequence, _dead);
        var trees = new PageTreeCheck(pages, cancellationToken);
        for (var tree = 0; tree <= generation.Header.Prefixes.Length; tree++)
        {
            var (root, leaves) = trees.Walk(tree);
            var stated = tree == 0 ? tip.Record.Root : tip.Record.PrefixRoots[tree - 1];
            Require(root == stated, $"The pages of tree {tree} make the root {root}, and the block of height {tip.Record.Height} says {stated}.");
            Require(tree != 0 || leaves == tip.Keys, $"The pages of the tree hold {leaves} leaves, and there are {tip.Keys} keys.");
        }

        var held = 0L;
        using var all = generation.Snapshot.Iterate(StoreFamily.Pages, scan: true);
        for (all.Seek([]); all.IsValid; all.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            held += pages.Get(all.Key, out _).IsEmpty ? 0 : 1;
        }

        Require(held == trees.Pages, $"There are {held} pages, and the trees have {trees.Pages}.");
    }

    private bool HasVersion(ReadOnlySpan<byte> key, ulong sequence) =>
        (generation.Snapshot.TryGet(StoreFamily.Values, key, _value) && VersionFormat.SequenceOf(_value.Span) == sequence) || HasOld(key, sequence);

    private bool HasOld(ReadOnlySpan<byte> key, ulong sequence) =>
        generation.Snapshot.TryGet(StoreFamily.History, VersionFormat.HistoryKey(new ScratchBuffer(), key, sequence), _value);

    private void Require(bool holds, string problem)
    {
        if (!holds && _problems.Count < IndexStore.MaxProblems)
        {
            _problems.Add(problem);
        }
    }
}
