using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.Engines;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>Snapshots: the same state makes the same bytes, and no other bytes make a store.</summary>
public sealed class IndexSnapshotTests(ITestOutputHelper output)
{
    [Fact]
    public void The_same_state_makes_the_same_snapshot_whatever_was_taken_back()
    {
        var (_, model) = Build(keepForks: false, out var plain);
        var (store, _) = Build(keepForks: true, out var forked);

        Assert.Equal(plain, forked);
        using var memory = new MemoryStore();
        IndexStore.Import(new MemoryStream(plain), memory, TestBlocks.Options, null);
        using var imported = IndexStore.On(memory, TestBlocks.Options);
        model.Prune(model.Tip);
        model.AssertEqual(imported, new TestBlocks(1).Keys);
        store.Dispose();
    }

    [Fact]
    public void An_imported_store_goes_on_from_the_snapshot()
    {
        StoreEngine.RequireRocks();
        using var engine = new StoreEngine(onDisk: true);
        var (store, model) = Build(keepForks: true, out var bytes);
        var digest = new Fingerprint(bytes.AsSpan()[^32..]);

        var tip = IndexStore.ImportSnapshot(new MemoryStream(bytes), engine.Directory, TestBlocks.Options, digest);

        Assert.Equal(store.Tip!.Root, tip.Root);
        using var imported = engine.Open(TestBlocks.Options);
        model.Prune(model.Tip);
        var blocks = new TestBlocks(5);
        for (var i = 0; i < 5; i++)
        {
            var commit = blocks.Next(model.TipCommit, 50);
            imported.Commit(commit);
            model.Commit(commit);
        }

        model.AssertEqual(imported, blocks.Keys);
        imported.Rollback(model.Lowest);
        model.Rollback(model.Lowest);
        imported.Sweep();
        model.AssertEqual(imported, blocks.Keys);
        Assert.Empty(Directory.GetDirectories(Path.GetDirectoryName(engine.Directory)!, Path.GetFileName(engine.Directory) + ".import*"));
        Assert.Equal(
            IndexerErrorKind.Unavailable,
            Assert.Throws<IndexerException>(() => IndexStore.ImportSnapshot(new MemoryStream(bytes), engine.Directory, TestBlocks.Options)).Kind);
        store.Dispose();
    }

    [Fact]
    public void A_snapshot_that_is_cut_off_anywhere_makes_no_store()
    {
        var (store, _) = Build(keepForks: false, out var bytes);
        store.Dispose();
        for (var length = 0; length < bytes.Length; length++)
        {
            AssertRefused(bytes.AsMemory(0, length));
        }

        byte[] longer = [.. bytes, 0];
        AssertRefused(longer);
    }

    [Fact]
    public void A_snapshot_with_a_changed_byte_makes_no_store()
    {
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var (store, _) = Build(keepForks: false, out var bytes);
        store.Dispose();
        for (var index = 0; index < bytes.Length; index++)
        {
            var changed = bytes.ToArray();
            changed[index] ^= (byte)(1 << random.Next(8));
            AssertRefused(changed);
        }
    }

    [Fact]
    public void A_snapshot_whose_values_make_another_root_makes_no_store_though_its_digest_is_right()
    {
        var (store, _) = Build(keepForks: false, out var bytes);
        Span<byte> root = stackalloc byte[32];
        store.Tip!.Root.CopyTo(root);
        store.Dispose();
        var at = bytes.AsSpan().IndexOf(root);

        bytes[at]++;
        Fingerprint.OfContent(bytes.AsSpan()[..^32]).CopyTo(bytes.AsSpan()[^32..]);

        using var memory = new MemoryStore();
        var error = Assert.Throws<IndexerException>(() => IndexStore.Import(new MemoryStream(bytes), memory, TestBlocks.Options, null));
        Assert.Equal(IndexerErrorKind.Damaged, error.Kind);
        Assert.Contains("root", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_snapshot_leaves_nothing_behind()
    {
        StoreEngine.RequireRocks();
        using var engine = new StoreEngine(onDisk: true);
        var (store, _) = Build(keepForks: false, out var bytes);
        store.Dispose();

        var error = Assert.Throws<IndexerException>(
            () => IndexStore.ImportSnapshot(new MemoryStream(bytes), engine.Directory, TestBlocks.Options, Fingerprint.OfNothing));

        Assert.Equal(IndexerErrorKind.Damaged, error.Kind);
        Assert.Empty(Directory.GetDirectories(Path.GetDirectoryName(engine.Directory)!, Path.GetFileName(engine.Directory) + "*"));
        Assert.Equal(
            IndexerErrorKind.RecipeMismatch,
            Assert.Throws<IndexerException>(() => IndexStore.ImportSnapshot(
                new MemoryStream(bytes), engine.Directory, TestBlocks.Options with { Recipe = Fingerprint.OfNothing })).Kind);
    }

    private static void AssertRefused(ReadOnlyMemory<byte> bytes)
    {
        using var memory = new MemoryStore();
        var error = Assert.Throws<IndexerException>(
            () => IndexStore.Import(new MemoryStream(bytes.ToArray()), memory, TestBlocks.Options, null));
        Assert.Contains(error.Kind, new[] { IndexerErrorKind.Damaged, IndexerErrorKind.RecipeMismatch });
    }

    private static (IndexStore Store, StateModel Model) Build(bool keepForks, out byte[] snapshot)
    {
        var blocks = new TestBlocks(1, keys: 60);
        var forks = new TestBlocks(2, keys: 60);
        var store = IndexStore.InMemory(TestBlocks.Options);
        var model = new StateModel(TestBlocks.Prefixes);
        for (var i = 0; i < 8; i++)
        {
            if (keepForks && i > 0)
            {
                var fork = forks.Next(model.TipCommit, 40);
                store.Commit(fork);
                store.Commit(forks.Next(fork, 40));
                store.Rollback(model.Tip);
            }

            var commit = blocks.Next(model.IsEmpty ? null : model.TipCommit, 40, 700);
            store.Commit(commit);
            model.Commit(commit);
        }

        using var stream = new MemoryStream();
        var digest = store.ExportSnapshot(stream);
        snapshot = stream.ToArray();
        Assert.Equal(digest, new Fingerprint(snapshot.AsSpan()[^32..]));
        Assert.Equal(digest, Fingerprint.OfContent(snapshot.AsSpan()[..^32]));
        return (store, model);
    }
}
