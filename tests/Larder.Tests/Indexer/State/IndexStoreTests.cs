using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>What a store takes, refuses and says.</summary>
public sealed class IndexStoreTests
{
    private static readonly byte[] Key = "key"u8.ToArray();

    [Fact]
    public void An_empty_store_reads_nothing_and_takes_any_first_block()
    {
        using var store = IndexStore.InMemory(TestBlocks.Options);
        using (var reader = store.OpenTipReader())
        {
            Assert.True(reader.Get(Key).IsEmpty);
        }

        Assert.Equal(IndexerErrorKind.NoSuchHeight, Kind(() => store.OpenReader(0)));
        Assert.Equal(IndexerErrorKind.NoSuchHeight, Kind(() => store.ExportSnapshot(Stream.Null)));
        Assert.True(store.Verify().IsSound);

        var record = store.Commit(Block(840_000, 7, 6, "a"));

        Assert.Equal((840_000U, 1UL, 1), (record.Height, record.Sequence, record.Writes));
        Assert.Equal((840_000U, 840_000U), (store.Tip!.Height, store.LowestHeight));
        Assert.Equal(1, store.GetStatistics().Keys);
        Assert.Equal(4, store.GetStatistics().StateBytes);
    }

    [Fact]
    public void A_block_must_follow_the_tip_by_height_and_hash()
    {
        using var store = IndexStore.InMemory(TestBlocks.Options);
        store.Commit(Block(5, 1, 0, "a"));

        Assert.Equal(IndexerErrorKind.BadBlock, Kind(() => store.Commit(Block(5, 2, 1, "b"))));
        Assert.Equal(IndexerErrorKind.BadBlock, Kind(() => store.Commit(Block(7, 2, 1, "b"))));
        Assert.Equal(IndexerErrorKind.BadBlock, Kind(() => store.Commit(Block(6, 2, 9, "b"))));
        Assert.Equal(5U, store.Tip!.Height);

        store.Commit(Block(6, 2, 1, "b"));
        Assert.Equal(IndexerErrorKind.NoSuchHeight, Kind(() => store.Rollback(7)));
        Assert.Equal(IndexerErrorKind.NoSuchHeight, Kind(() => store.Rollback(4)));
    }

    [Fact]
    public void The_highest_height_has_no_successor()
    {
        using var store = IndexStore.InMemory(TestBlocks.Options with { KeptBlocks = 1 });
        store.Commit(Block(uint.MaxValue - 1, 1, 0, "a"));
        store.Commit(Block(uint.MaxValue, 2, 1, "b"));

        Assert.Equal(uint.MaxValue, store.LowestHeight);
        Assert.Equal(IndexerErrorKind.BadBlock, Kind(() => store.Commit(Block(0, 3, 2, "c"))));
        Assert.True(store.Verify().IsSound);
    }

    [Fact]
    public void Sequences_never_come_again()
    {
        using var store = IndexStore.InMemory(TestBlocks.Options);
        store.Commit(Block(0, 1, 0, "a"));
        store.Commit(Block(1, 2, 1, "b"));
        store.Rollback(0);
        Assert.Equal(3UL, store.Commit(Block(1, 3, 1, "c")).Sequence);
        store.RollbackAll();
        Assert.Equal(4UL, store.Commit(Block(0, 1, 0, "a")).Sequence);
    }

    [Fact]
    public void Keys_and_values_that_are_too_long_and_a_cancelled_commit_change_nothing()
    {
        using var store = IndexStore.InMemory(TestBlocks.Options);
        var commit = Block(0, 1, 0, "a");
        var long1 = commit with { Writes = [new StateWrite(new byte[IndexStore.MaxKeyBytes + 1], Key)] };
        var long2 = commit with { Writes = [new StateWrite(Key, new byte[IndexStore.MaxValueBytes + 1])] };

        Assert.Equal(IndexerErrorKind.LimitExceeded, Kind(() => store.Commit(long1)));
        Assert.Equal(IndexerErrorKind.LimitExceeded, Kind(() => store.Commit(long2)));
        Assert.ThrowsAny<OperationCanceledException>(() => store.Commit(commit, new CancellationToken(canceled: true)));
        Assert.Null(store.Tip);
        store.Commit(commit with { Writes = [new StateWrite(new byte[IndexStore.MaxKeyBytes], Key)] });
        Assert.Equal(1, store.GetStatistics().Keys);
    }

    [Fact]
    public void The_kept_window_moves_with_the_tip()
    {
        using var store = IndexStore.InMemory(TestBlocks.Options with { KeptBlocks = 3 });
        for (var i = 0; i < 10; i++)
        {
            store.Commit(Block((uint)i, i + 1, i, $"{i}"));
        }

        Assert.Equal(7U, store.LowestHeight);
        Assert.Null(store.Block(6));
        Assert.NotNull(store.Block(7));
        Assert.Equal(IndexerErrorKind.NoSuchHeight, Kind(() => store.Rollback(6)));
        Assert.Equal(IndexerErrorKind.NoSuchHeight, Kind(() => store.OpenReader(6)));
        store.Sweep();
        Assert.True(store.Verify().IsSound);
        Assert.Equal(2, store.GetStatistics().Families.Single(static family => family.Name == "history").Entries);
        store.Rollback(7);
        using var reader = store.OpenTipReader();
        Assert.Equal("7"u8, reader.Get(Key));
    }

    [Fact]
    public void Deletions_and_what_was_swept_leave_nothing_behind()
    {
        using var store = IndexStore.InMemory(TestBlocks.Options);
        store.Commit(Block(0, 1, 0, "a"));
        var root = store.Commit(Block(1, 2, 1, "b")).Root;
        store.Commit(Block(2, 3, 2, ""));
        Assert.Equal(default, store.Tip!.Root);
        Assert.Equal(0, store.GetStatistics().Keys);
        store.Rollback(1);
        Assert.Equal(root, store.Tip!.Root);
        Assert.Equal(1, store.GetStatistics().UnsweptCommits);
        store.Sweep();
        Assert.Equal(0, store.GetStatistics().UnsweptCommits);
        store.Commit(Block(2, 4, 2, ""));
        store.Prune(2);

        Assert.All(store.GetStatistics().Families.Where(static family => family.Name != "blocks"), static family => Assert.Equal(0, family.Entries));
    }

    [Fact]
    public void A_store_belongs_to_its_recipe_and_prefixes()
    {
        using var engine = new StoreEngine(onDisk: false);
        engine.Open(TestBlocks.Options).Dispose();

        Assert.Equal(IndexerErrorKind.RecipeMismatch, Kind(() => engine.Open(TestBlocks.Options with { Recipe = Fingerprint.OfNothing })));
        Assert.Equal(IndexerErrorKind.RecipeMismatch, Kind(() => engine.Open(TestBlocks.Options with { Prefixes = [] })));
        Assert.Equal(
            IndexerErrorKind.RecipeMismatch,
            Kind(() => engine.Open(TestBlocks.Options with { Prefixes = [TestBlocks.Prefixes[1], TestBlocks.Prefixes[0]] })));
        using var store = engine.Open(new IndexStoreOptions());
        Assert.Equal(TestBlocks.Options.Recipe, store.Options.Recipe);
        Assert.Equal(["odd", "high"], store.Options.Prefixes!.Select(static prefix => prefix.Name));
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        IndexStoreOptions[] wrong =
        [
            new() { KeptBlocks = 0 },
            new() { Durability = new Durability(-1) },
            new() { BlockCacheBytes = 10 },
            new() { MemtableBytes = 10 },
            new() { Threads = 0 },
            new() { SweptKeysPerCommit = -1 },
            new() { Prefixes = [new KeyPrefix("a", Key), new KeyPrefix("a", Key)] },
            new() { Prefixes = [new KeyPrefix("a", default)] },
        ];

        Assert.All(wrong, static options => Assert.Equal(IndexerErrorKind.Configuration, Kind(() => IndexStore.InMemory(options))));
    }

    [Fact]
    public void A_reader_outlives_the_store_and_a_closed_store_says_so()
    {
        var store = IndexStore.InMemory(TestBlocks.Options);
        store.Commit(Block(0, 1, 0, "a"));
        var reader = store.OpenReader(0);
        store.Dispose();
        store.Dispose();

        Assert.Equal("a"u8, reader.Get(Key));
        reader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => reader.Get(Key).Length);
        Assert.Throws<ObjectDisposedException>(() => store.Tip);
        Assert.Throws<ObjectDisposedException>(() => store.Commit(Block(1, 2, 1, "b")));
    }

    internal static IndexerErrorKind Kind(Func<object?> action) => Assert.Throws<IndexerException>(action).Kind;

    internal static IndexerErrorKind Kind(Action action) => Assert.Throws<IndexerException>(action).Kind;

    internal static BlockCommit Block(uint height, int hash, int previous, string value) => new()
    {
        Height = height,
        Hash = TestBlocks.HashOf(hash),
        PreviousHash = TestBlocks.HashOf(previous),
        Writes = [new StateWrite(Key, System.Text.Encoding.UTF8.GetBytes(value))],
        Run = default,
    };
}
