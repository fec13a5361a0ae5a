using Larder.EndToEnd.Harness;
using Larder.Indexer;
using Larder.Indexer.Caching;
using Larder.Indexer.Guests;
using Larder.Indexer.State;

namespace Larder.EndToEnd.Indexer;

/// <summary>
/// The same module over the same blocks gives the same flushes, roots, figures, memory and views, whatever is cached and however
/// often its instances were used.
/// </summary>
public sealed class SamenessTests
{
    private static readonly (string Name, ReadCacheOptions? Cache, bool IsOnDisk)[] Ways =
    [
        ("no cache, in memory", null, false),
        ("no cache, on disk", null, true),
        ("tiny cache, on disk", new ReadCacheOptions { SizeBytes = ReadCacheOptions.MinSizeBytes }, true),
        ("large cache, on disk", new ReadCacheOptions { SizeBytes = 64 << 20 }, true),
        ("large cache for views, in memory", new ReadCacheOptions { SizeBytes = 64 << 20, Mode = AllocationMode.View }, false),
    ];

    [Theory]
    [InlineData("ledger")]
    [InlineData("start")]
    [InlineData("growth")]
    [InlineData("floats")]
    [InlineData("pairs")]
    public async Task Whatever_is_cached_the_bytes_are_the_same(string program)
    {
        using var directory = new TemporaryDirectory();
        var module = await File.ReadAllBytesAsync(await GuestPrograms.CompileAsync(directory, program), TestContext.Current.CancellationToken);
        var blocks = GuestPrograms.Blocks(seed: 7, count: 6, bytes: 40_000);
        string[]? expected = null;

        foreach (var (name, cache, isOnDisk) in Ways)
        {
            using var index = Open(module, cache, isOnDisk ? directory[name] : null);
            var seen = await IndexAsync(index, blocks);

            expected ??= seen;
            Assert.True(expected.SequenceEqual(seen), $"{name}:\n{string.Join('\n', expected.Zip(seen).Where(pair => pair.First != pair.Second))}");
        }
    }

    [Theory]
    [InlineData("ledger")]
    [InlineData("start")]
    public async Task Opened_anew_for_every_block_it_is_the_same(string program)
    {
        using var directory = new TemporaryDirectory();
        var module = await File.ReadAllBytesAsync(await GuestPrograms.CompileAsync(directory, program), TestContext.Current.CancellationToken);
        var blocks = GuestPrograms.Blocks(seed: 9, count: 4, bytes: 30_000);
        BlockRecord[] expected;
        using (var index = Open(module, new ReadCacheOptions { SizeBytes = 16 << 20 }, null))
        {
            expected = [.. blocks.Select((block, height) => Process(index, height, block))];
        }

        for (var height = 0; height < blocks.Count; height++)
        {
            using var index = Open(module, cache: null, directory["state"]);
            Assert.Equal(Figures(expected[height]), Figures(Process(index, height, blocks[height])));
        }
    }

    [Fact]
    public async Task A_fork_that_was_rolled_back_leaves_no_trace()
    {
        using var directory = new TemporaryDirectory();
        var module = await File.ReadAllBytesAsync(await GuestPrograms.CompileAsync(directory, "ledger"), TestContext.Current.CancellationToken);
        var trunk = GuestPrograms.Blocks(seed: 1, count: 8, bytes: 20_000);
        var fork = GuestPrograms.Blocks(seed: 2, count: 5, bytes: 20_000);
        using var straight = Open(module, cache: null, null);
        using var forked = Open(module, new ReadCacheOptions { SizeBytes = 16 << 20 }, directory["state"]);
        var expected = await IndexAsync(straight, trunk);

        for (var height = 0; height < 3; height++)
        {
            Process(forked, height, trunk[height]);
        }

        for (var height = 3; height < 8; height++)
        {
            Process(forked, height, fork[height - 3]);
            await forked.ViewAsync("accounts", ReadOnlyMemory<byte>.Empty, null, TestContext.Current.CancellationToken);
        }

        forked.Rollback(2);
        Assert.Equal(expected, await IndexAsync(forked, trunk, from: 3));
        Assert.Equal(straight.Tip!.Root, forked.Tip!.Root);
    }

    [Fact]
    public async Task A_preview_is_what_indexing_would_give_and_keeps_nothing()
    {
        using var directory = new TemporaryDirectory();
        var module = await File.ReadAllBytesAsync(await GuestPrograms.CompileAsync(directory, "ledger"), TestContext.Current.CancellationToken);
        var blocks = GuestPrograms.Blocks(seed: 3, count: 4, bytes: 20_000);
        using var index = Open(module, new ReadCacheOptions { SizeBytes = 16 << 20, Mode = AllocationMode.View }, null);
        for (var height = 0; height < 3; height++)
        {
            Process(index, height, blocks[height]);
        }

        var token = TestContext.Current.CancellationToken;
        var before = await index.ViewAsync("accounts", default, null, token);
        var preview = await index.PreviewAsync(blocks[3], "accounts", default, null, token);
        var summaryOfOlder = await index.PreviewAsync(blocks[3], "summary", default, 1, token);
        Assert.Equal(before, await index.ViewAsync("accounts", default, null, token));
        Assert.Equal(2u, index.Tip!.Height);

        Process(index, 3, blocks[3]);
        Assert.Equal(preview, await index.ViewAsync("accounts", default, null, token));
        Assert.NotEqual(summaryOfOlder, await index.ViewAsync("summary", default, null, token));
    }

    private static BlockIndexer Open(byte[] module, ReadCacheOptions? cache, string? directory) => BlockIndexer.Open(new BlockIndexerOptions
    {
        Module = module,
        ModuleOptions = new IndexerModuleOptions
        {
            MemoryDigest = true,
            Memory = new MemoryProfile { MaximumPages = 1500 },
        },
        Directory = directory,
        Cache = cache,
        Store = new IndexStoreOptions { Prefixes = [new KeyPrefix("balances", "/balance/"u8.ToArray())] },
    });

    private static BlockRecord Process(BlockIndexer index, int height, byte[] block) =>
        index.ProcessBlock((uint)height, HashOf(height, block), default, block, TestContext.Current.CancellationToken);

    private static BlockHash HashOf(int height, byte[] block) =>
        new(System.Security.Cryptography.SHA256.HashData([(byte)height, .. block]));

    // All that can be seen of an index of these blocks: records, and every view at every height, twice.
    private static async Task<string[]> IndexAsync(BlockIndexer index, IReadOnlyList<byte[]> blocks, int from = 0)
    {
        var seen = new List<string>();
        for (var height = from; height < blocks.Count; height++)
        {
            Process(index, height, blocks[height]);
        }

        for (var height = 0; height < blocks.Count; height++)
        {
            seen.Add(Figures(index.Store.Block((uint)height)!));
            foreach (var view in index.Module.Views)
            {
                var input = blocks[height].AsMemory(80, 20);
                var first = await index.ViewAsync(view, input, (uint)height, TestContext.Current.CancellationToken);
                Assert.Equal(first, await index.ViewAsync(view, input, (uint)height, TestContext.Current.CancellationToken));
                seen.Add($"{height} {view} {Convert.ToHexStringLower(first)}");
            }
        }

        return [.. seen];
    }

    private static string Figures(BlockRecord record) =>
        $"{record.Height} {record.Hash} {record.Root} {string.Join(' ', record.PrefixRoots)} {record.Writes} {record.Run}";
}
