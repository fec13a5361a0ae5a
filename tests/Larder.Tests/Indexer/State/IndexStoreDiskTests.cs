using System.Globalization;
using Larder.Indexer;
using Larder.Indexer.State;
using Larder.Tests.Disk;

namespace Larder.Tests.Indexer.State;

/// <summary>What happens to a store on a real disk: killed processes, no room, damage, other processes.</summary>
public sealed class IndexStoreDiskTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("Category", "Crash")]
    public async Task A_process_that_is_killed_loses_nothing_that_was_committed()
    {
        StoreEngine.RequireRocks();
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        for (var round = 0; round < 6; round++)
        {
            using var engine = new StoreEngine(onDisk: true);
            using var child = IndexChild.Start(engine.Directory, seed + round);
            var done = 0;
            var least = 5 + (round * 13);
            while (done < least && await child.StandardOutput.ReadLineAsync() is { } line)
            {
                done = int.Parse(line, CultureInfo.InvariantCulture);
            }

            child.Kill();
            await child.WaitForExitAsync();
            foreach (var line in (await child.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                done = int.Parse(line, CultureInfo.InvariantCulture);
            }

            Assert.True(done >= least);
            AssertIsAfter(engine, seed + round, done);
        }
    }

    [Fact]
    public void A_full_disk_is_said_changes_nothing_and_is_got_over()
    {
        StoreEngine.RequireRocks();
        using var disk = DiskMount.Temporary(24 << 20);
        var directory = Path.Combine(disk.Root, "index");
        var options = TestBlocks.Options with { MemtableBytes = 2 << 20, Durability = Durability.EveryBlock };
        var blocks = new TestBlocks(3);
        var model = new StateModel(TestBlocks.Prefixes);
        using (var store = IndexStore.Open(directory, options))
        {
            Commit(store, model, blocks.Next(null, 100));
            using (var filler = File.Create(Path.Combine(disk.Root, "filler")))
            {
                filler.Write(new byte[12 << 20]);
            }

            IndexerException? error = null;
            for (var i = 0; i < 200 && error is null; i++)
            {
                error = Try(store, model, Large(blocks, model));
            }

            Assert.Equal(IndexerErrorKind.NoSpace, error?.Kind);
            Assert.Contains("full", error!.Message, StringComparison.Ordinal);
            model.AssertEqual(store, model.Tip, blocks.Keys);

            // What compaction frees meanwhile is taken again.
            var rest = Path.Combine(disk.Root, "rest");
            error = null;
            for (var i = 0; i < 50 && error is null; i++)
            {
                Take(rest, new DriveInfo(disk.Root).AvailableFreeSpace - (2 << 20));
                error = Try(store, model, Large(blocks, model));
            }

            Assert.Equal(IndexerErrorKind.NoSpace, error?.Kind);
            model.AssertEqual(store, model.Tip, blocks.Keys);

            File.Delete(rest);
            File.Delete(Path.Combine(disk.Root, "filler"));
            var commit = blocks.Next(model.TipCommit, 50);
            for (var wait = 0; wait < 120 && Try(store, model, commit) is not null; wait++)
            {
                Thread.Sleep(500);
            }

            Assert.Equal(commit.Hash, store.Tip!.Hash);
            model.AssertEqual(store, model.Tip, blocks.Keys);
        }

        using var again = IndexStore.Open(directory, options);
        Assert.Equal(model.TipCommit.Hash, again.Tip!.Hash);
        model.AssertEqual(again, model.Tip, blocks.Keys);
        Assert.Empty(again.Verify().Problems);
    }

    [Fact]
    public void The_log_is_short_while_it_runs_and_empty_when_it_was_closed()
    {
        using var engine = new StoreEngine(onDisk: true);
        var options = TestBlocks.Options with { MemtableBytes = 2 << 20 };
        var blocks = new TestBlocks(5);
        var model = new StateModel(TestBlocks.Prefixes);
        using (var store = engine.Open(options))
        {
            Commit(store, model, blocks.Next(null, 100));
            // The last of them makes the engine begin files, which are not written when the store is closed.
            for (var i = 0; i < 20; i++)
            {
                Assert.Null(Try(store, model, Large(blocks, model)));
            }

            // Three logs at most, two of them being flushed, each as long as half of the memtables and a block; 12 MB were written.
            Assert.InRange(LogBytes(engine), 0, 3 * ((options.MemtableBytes / 2) + (1 << 20)));
        }

        Assert.Equal(0, LogBytes(engine));
        using var again = engine.Open(options);
        model.AssertEqual(again, model.Tip, blocks.Keys);
    }

    [Fact]
    public void A_damaged_file_is_damage_and_no_result()
    {
        using var engine = new StoreEngine(onDisk: true);
        var blocks = new TestBlocks(4);
        Fill(engine, blocks);
        var file = Directory.GetFiles(engine.Directory, "*.sst").OrderByDescending(static file => new FileInfo(file).Length).First();
        var bytes = File.ReadAllBytes(file);
        for (var i = 0; i < bytes.Length / 2; i += 64)
        {
            bytes[i] ^= 0x10;
        }

        File.WriteAllBytes(file, bytes);

        try
        {
            using var store = engine.Open(TestBlocks.Options);
            var report = store.Verify();
            Assert.NotEmpty(report.Problems);
        }
        catch (IndexerException error)
        {
            Assert.Equal(IndexerErrorKind.Damaged, error.Kind);
        }
    }

    [Theory]
    [InlineData("MANIFEST-*", "cut")]
    [InlineData("MANIFEST-*", "noise")]
    [InlineData("MANIFEST-*", "gone")]
    [InlineData("CURRENT", "noise")]
    [InlineData("CURRENT", "gone")]
    [InlineData("*.sst", "cut")]
    [InlineData("*.sst", "gone")]
    public void A_store_whose_files_are_damaged_is_not_opened(string pattern, string how)
    {
        using var engine = new StoreEngine(onDisk: true);
        Fill(engine, new TestBlocks(4));
        var file = Directory.GetFiles(engine.Directory, pattern).OrderByDescending(static file => new FileInfo(file).Length).First();
        var bytes = File.ReadAllBytes(file);
        if (how == "gone")
        {
            File.Delete(file);
        }
        else
        {
            File.WriteAllBytes(file, how == "cut" ? bytes[..(bytes.Length / 2)] : TestBytes(bytes.Length));
        }

        var error = Assert.Throws<IndexerException>((Action)(() =>
        {
            using var store = engine.Open(TestBlocks.Options);

            // The engine takes a list of files that is cut off for one that ends there: it may know some of them.
            Assert.Equal(("MANIFEST-*", "cut"), (pattern, how));
            throw new IndexerException(store.Verify().IsSound ? IndexerErrorKind.Unavailable : IndexerErrorKind.Damaged, "Found by a verification.");
        }));

        output.WriteLine(error.Message);
        Assert.Equal(IndexerErrorKind.Damaged, error.Kind);
    }

    [Fact]
    public void One_process_at_a_time_has_a_store_and_others_read_it()
    {
        using var engine = new StoreEngine(onDisk: true);
        var blocks = new TestBlocks(6);
        var model = new StateModel(TestBlocks.Prefixes);
        Assert.Equal(IndexerErrorKind.Unavailable, IndexStoreTests.Kind(() => IndexStore.OpenReadOnly(engine.Directory, TestBlocks.Options)));
        using var store = engine.Open(TestBlocks.Options);
        for (var i = 0; i < 5; i++)
        {
            Commit(store, model, blocks.Next(model.IsEmpty ? null : model.TipCommit, 50));
        }

        var error = Assert.Throws<IndexerException>(() => engine.Open(TestBlocks.Options));
        Assert.Equal(IndexerErrorKind.Unavailable, error.Kind);
        Assert.Contains("Only one can write", error.Message, StringComparison.Ordinal);
        using var reader = IndexStore.OpenReadOnly(engine.Directory, TestBlocks.Options);
        var then = model.Copy();
        for (var i = 0; i < 5; i++)
        {
            Commit(store, model, blocks.Next(model.TipCommit, 50));
        }

        store.Rollback(2);
        store.Sweep();
        store.Compact();
        then.AssertEqual(reader, blocks.Keys);
        Assert.Equal(IndexerErrorKind.Unavailable, IndexStoreTests.Kind(() => reader.Rollback(0)));
        Assert.Equal(IndexerErrorKind.Unavailable, IndexStoreTests.Kind(() => reader.Commit(blocks.Next(then.TipCommit, 1))));
        Assert.Equal(
            IndexerErrorKind.RecipeMismatch,
            IndexStoreTests.Kind(() => IndexStore.OpenReadOnly(engine.Directory, TestBlocks.Options with { Recipe = Cache.Fingerprints.Fingerprint.OfNothing })));
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_said()
    {
        StoreEngine.RequireRocks();
        var file = Path.GetTempFileName();
        Assert.Equal(IndexerErrorKind.Unavailable, IndexStoreTests.Kind(() => IndexStore.Open(Path.Combine(file, "index"), TestBlocks.Options)));
        File.Delete(file);
    }

    internal static void Commit(IndexStore store, StateModel model, BlockCommit commit)
    {
        store.Commit(commit);
        model.Commit(commit);
    }

    private static IndexerException? Try(IndexStore store, StateModel model, BlockCommit commit)
    {
        try
        {
            Commit(store, model, commit);
            return null;
        }
        catch (IndexerException error)
        {
            return error;
        }
    }

    private static void Take(string path, long bytes)
    {
        using var file = new FileStream(path, FileMode.Append);
        if (bytes > 0)
        {
            file.Write(new byte[bytes]);
        }
    }

    private static BlockCommit Large(TestBlocks blocks, StateModel model) => blocks.Next(model.TipCommit, 0) with
    {
        Writes = [new StateWrite("large"u8.ToArray(), TestBytes(600_000))],
    };

    private static byte[] TestBytes(int length)
    {
        var bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private static void Fill(StoreEngine engine, TestBlocks blocks)
    {
        var model = new StateModel([]);
        using var store = engine.Open(TestBlocks.Options);
        for (var i = 0; i < 10; i++)
        {
            Commit(store, model, blocks.Next(model.IsEmpty ? null : model.TipCommit, 200));
        }

        store.Compact();
    }

    // The last step may or may not have been said before the end.
    private static void AssertIsAfter(StoreEngine engine, int seed, int steps)
    {
        var blocks = IndexChild.Blocks(seed);
        var model = new StateModel([]);
        for (var step = 0; step < steps; step++)
        {
            IndexChild.Next(blocks, model).OnModel(model);
        }

        using var store = engine.Open(IndexChild.Options);
        if (!model.LooksLike(store))
        {
            IndexChild.Next(blocks, model).OnModel(model);
        }

        Assert.True(model.LooksLike(store), $"Neither {steps} nor {steps + 1} steps lead to {store.Tip?.Height}.");
        if (!model.IsEmpty)
        {
            model.AssertEqual(store, model.Tip, blocks.Keys);
            model.AssertEqual(store, model.Lowest, blocks.Keys);
        }

        Assert.Empty(store.Verify().Problems);
    }

    private static long LogBytes(StoreEngine engine) => Directory.GetFiles(engine.Directory, "*.log").Sum(static file => new FileInfo(file).Length);
}
