using System.Globalization;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Indexer.Caching;

namespace Larder.Bench.Indexer;

/// <summary>Blocks beside Node.js, indexing with and without the cache, views, and memory; see bench/indexer/run.sh.</summary>
internal static class IndexerBench
{
    private const int Blocks = 12;
    private const int Records = 20_000;
    private const int Accounts = 300_000;
    private const long CacheBytes = 256L << 20;

    public static async Task<int> RunAsync(string directory, string nodeRunner, int rounds)
    {
        var module = Path.Combine(directory, "ledger.wasm");
        var blocks = LedgerBlocks.Write(directory, Blocks, Records, Accounts);
        Console.WriteLine($"{Blocks} blocks of {Records} records each over {Accounts} accounts; {rounds} rounds, contestants in turns block by block.");
        Console.WriteLine();
        CompareWithNode(module, nodeRunner, blocks, rounds);
        CompareCaches(module, directory, blocks, rounds);
        await ViewsAsync(module, directory, blocks);
        return 0;
    }

    /// <summary>A module and blocks of anybody: beside Node.js, and with and without the cache.</summary>
    public static async Task<int> RunModuleAsync(
        string directory, string nodeRunner, int rounds, string module, uint height, IReadOnlyList<string> files)
    {
        await using var source = BlockSources.Open(files, new BlockSourceOptions { Format = BlockFormat.Opaque });
        var blocks = new List<string>();
        await foreach (var block in source.ReadAsync(from: null))
        {
            var path = Path.Combine(directory, $"given-{blocks.Count}.block");
            await File.WriteAllBytesAsync(path, block.Bytes);
            blocks.Add(path);
        }

        Console.WriteLine($"{Path.GetFileName(module)} over {blocks.Count} blocks from height {height}; {rounds} rounds, contestants in turns block by block.");
        Console.WriteLine();
        CompareWithNode(module, nodeRunner, blocks, rounds, height);
        CompareCaches(module, directory, blocks, rounds, height);
        return 0;
    }

    private static void CompareWithNode(string module, string nodeRunner, IReadOnlyList<string> blocks, int rounds, uint height = 0)
    {
        var self = Environment.ProcessPath!; // Not null: this is a program of its own.
        var here = new List<BlockFigures[]>();
        var node = new List<BlockFigures[]>();
        for (var round = 0; round < rounds; round++)
        {
            var start = height.ToString(CultureInfo.InvariantCulture);
            using var first = new Contestant(self, "indexer-runner", "guest", module, "-", "0", start);
            using var second = new Contestant("node", nodeRunner, module, start);
            var mine = new BlockFigures[blocks.Count];
            var theirs = new BlockFigures[blocks.Count];
            for (var block = 0; block < blocks.Count; block++)
            {
                if (((block + round) & 1) == 0)
                {
                    mine[block] = first.Run(blocks[block]);
                    theirs[block] = second.Run(blocks[block]);
                }
                else
                {
                    theirs[block] = second.Run(blocks[block]);
                    mine[block] = first.Run(blocks[block]);
                }

                if (mine[block].Digest != theirs[block].Digest)
                {
                    throw new InvalidDataException($"Block {block}: Node.js flushes something else.");
                }
            }

            here.Add(mine);
            node.Add(theirs);
        }

        Console.WriteLine("| a block, guest and host functions over a dictionary | Larder | Node.js | ratio |");
        Console.WriteLine("|---|---|---|---|");
        Row("first block of a process, wall", here, node, 0, 1, figures => figures.Wall);
        Row("later blocks, wall, median", here, node, 1, blocks.Count, figures => figures.Wall);
        Row("later blocks, processor time, median", here, node, 1, blocks.Count, figures => figures.Processor);
        Row("later blocks, wall, least", here, node, 1, blocks.Count, figures => figures.Wall, least: true);
        Console.WriteLine();
    }

    private static void CompareCaches(string module, string directory, IReadOnlyList<string> blocks, int rounds, uint height = 0)
    {
        var self = Environment.ProcessPath!; // Not null: this is a program of its own.
        var with = new List<BlockFigures[]>();
        var without = new List<BlockFigures[]>();
        double peakWith = 0, peakWithout = 0;
        for (var round = 0; round < rounds; round++)
        {
            var first = Fresh(directory, "with");
            var second = Fresh(directory, "without");
            var start = height.ToString(CultureInfo.InvariantCulture);
            using var on = new Contestant(self, "indexer-runner", "index", module, first, CacheBytes.ToString(CultureInfo.InvariantCulture), start);
            using var off = new Contestant(self, "indexer-runner", "index", module, second, "0", start);
            var figuresOn = new BlockFigures[blocks.Count];
            var figuresOff = new BlockFigures[blocks.Count];
            for (var block = 0; block < blocks.Count; block++)
            {
                if (((block + round) & 1) == 0)
                {
                    figuresOn[block] = on.Run(blocks[block]);
                    figuresOff[block] = off.Run(blocks[block]);
                }
                else
                {
                    figuresOff[block] = off.Run(blocks[block]);
                    figuresOn[block] = on.Run(blocks[block]);
                }
            }

            with.Add(figuresOn);
            without.Add(figuresOff);
            peakWith = on.PeakMiB();
            peakWithout = off.PeakMiB();
        }

        Console.WriteLine($"| a block with store, roots and commit | cache of {CacheBytes >> 20} MiB | no cache | ratio |");
        Console.WriteLine("|---|---|---|---|");
        Row("wall, median", with, without, 1, blocks.Count, figures => figures.Wall);
        Row("processor time, median", with, without, 1, blocks.Count, figures => figures.Processor);
        Row("wall, least", with, without, 1, blocks.Count, figures => figures.Wall, least: true);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| most memory resident, MiB | {peakWith:0} | {peakWithout:0} | |"));
        Console.WriteLine();
    }

    private static async Task ViewsAsync(string module, string directory, IReadOnlyList<string> blocks)
    {
        using var index = BlockIndexer.Open(new BlockIndexerOptions
        {
            Module = await File.ReadAllBytesAsync(module),
            Directory = Fresh(directory, "views"),
            Cache = new ReadCacheOptions { SizeBytes = CacheBytes, Mode = AllocationMode.View },
        });
        for (var height = 0; height < blocks.Count; height++)
        {
            index.ProcessBlock((uint)height, default, default, await File.ReadAllBytesAsync(blocks[height]));
        }

        Console.WriteLine($"Views on the state after {blocks.Count} blocks, {index.GetStatistics().Store.Keys} keys; microseconds:");
        Console.WriteLine();
        Console.WriteLine("| view, clients | runs | median | p99 | longest |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var clients in (int[])[1, 2, 8])
        {
            // Every account once, so that no result is remembered.
            var first = 10_000 * clients;
            await ViewRowAsync(index, "balance", clients, 6000, number => LedgerBlocks.Account(first + number));
        }

        await ViewRowAsync(index, "accounts", 2, 2000, number => BitConverter.GetBytes(number));
        await ViewRowAsync(index, "summary", 2, 6000, number => []);
    }

    private static async Task ViewRowAsync(BlockIndexer index, string view, int clients, int calls, Func<int, byte[]> input)
    {
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => index.ViewAsync(view, new byte[] { 1 })));
        var times = new double[clients][];
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var own = times[client] = new double[calls / clients];
            for (var call = 0; call < own.Length; call++)
            {
                var request = input((call * clients) + client);
                var began = TimeProvider.System.GetTimestamp();
                await index.ViewAsync(view, request);
                own[call] = TimeProvider.System.GetElapsedTime(began).TotalMicroseconds;
            }
        })));
        var sorted = times.SelectMany(own => own).Order().ToArray();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {view}, {clients} | {sorted.Length} | {sorted[sorted.Length / 2]:0} | {sorted[sorted.Length * 99 / 100]:0} | {sorted[^1]:0} |"));
    }

    private static string Fresh(string directory, string name)
    {
        var path = Path.Combine(directory, "index-" + name);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        return path;
    }

    private static void Row(
        string what,
        List<BlockFigures[]> first,
        List<BlockFigures[]> second,
        int from,
        int to,
        Func<BlockFigures, double> figure,
        bool least = false)
    {
        var mine = Of(first);
        var theirs = Of(second);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what}, ms | {mine:0.0} | {theirs:0.0} | {mine / theirs:0.00} |"));

        // Of the rounds, the median or the least of each block; then the mean over blocks.
        double Of(List<BlockFigures[]> rounds) => Enumerable.Range(from, to - from).Average(block =>
        {
            var values = rounds.Select(round => figure(round[block])).Order().ToArray();
            return least ? values[0] : values[values.Length / 2];
        });
    }
}
