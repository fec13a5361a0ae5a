using System.Diagnostics;
using Larder.Indexer;
using Larder.Indexer.Caching;
using Larder.Indexer.Guests;

namespace Larder.Bench.Indexer;

/// <summary>
/// A contestant: reads a line with a path of a block, runs it and answers with a line of figures. "guest" runs blocks over a
/// dictionary, as the peer in JavaScript does; "index" does all that an index does, with a store on disk.
/// </summary>
internal static class BlockRunner
{
    public static int Run(string kind, string module, string directory, long cacheBytes, uint height)
    {
        var bytes = File.ReadAllBytes(module);
        return kind == "guest" ? RunGuest(bytes, height) : RunIndex(bytes, directory, cacheBytes, height);
    }

    private static int RunGuest(byte[] module, uint height)
    {
        using var loaded = IndexerModule.Load(module, new IndexerModuleOptions());

        // As an index does when it is opened, and as Node.js's engine does by itself: the module is compiled while blocks run.
        var prepared = loaded.PrepareAsync(CancellationToken.None);
        using var guest = loaded.CreateInstance();
        using var state = new DictionaryReader();
        while (Console.ReadLine() is { } path)
        {
            var block = File.ReadAllBytes(path);
            var (wall, processor) = Now();
            var outcome = guest.RunBlock(height++, block, state, CancellationToken.None);
            var (wallAfter, processorAfter) = Now();
            state.Apply(outcome.Writes);
            Console.WriteLine(new BlockFigures(
                wallAfter - wall, processorAfter - processor, outcome.Writes.Count, outcome.Run.FlushDigest.ToString()));
        }

        prepared.Wait(); // It needs the module, which goes now.
        return 0;
    }

    private static int RunIndex(byte[] module, string directory, long cacheBytes, uint height)
    {
        using var index = BlockIndexer.Open(new BlockIndexerOptions
        {
            Module = module,
            Directory = directory,
            Cache = cacheBytes == 0 ? null : new ReadCacheOptions { SizeBytes = cacheBytes },
        });
        while (Console.ReadLine() is { } path)
        {
            var block = File.ReadAllBytes(path);
            var (wall, processor) = Now();
            var record = index.ProcessBlock(height++, default, default, block);
            var (wallAfter, processorAfter) = Now();
            Console.WriteLine(new BlockFigures(
                wallAfter - wall, processorAfter - processor, record.Writes, record.Run.FlushDigest.ToString()));
        }

        return 0;
    }

    private static (double Wall, double Processor) Now() =>
        (Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency, Process.GetCurrentProcess().TotalProcessorTime.TotalMilliseconds);
}
