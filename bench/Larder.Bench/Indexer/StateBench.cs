using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.State;

namespace Larder.Bench.Indexer;

/// <summary>
/// The store of states on a disk: commits, rollbacks, opening and reads, at the sizes that the bars name. Each part runs in a
/// process of its own, so that memory is its own too.
/// </summary>
internal static class StateBench
{
    private const int BlockKeys = 30_000;
    private const int KeyBytes = 40;
    private const int ValueBytes = 50;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var keys = arguments is ["--keys", var given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 10_000_000;
        var root = Directory.CreateTempSubdirectory("larder-bench-state-").FullName;
        try
        {
            Console.WriteLine("```");
            foreach (var part in (string[])["commit", "overwrite", "rollback"])
            {
                await ChildAsync(part, Path.Combine(root, "small"), 100 * BlockKeys, kill: false).ConfigureAwait(false);
            }

            var large = Path.Combine(root, "large");
            await ChildAsync("fill", large, keys, kill: false).ConfigureAwait(false);
            await ChildAsync("open", large, keys, kill: false).ConfigureAwait(false);
            await ChildAsync("grow", large, keys, kill: true).ConfigureAwait(false);
            await ChildAsync("open", large, keys, kill: false).ConfigureAwait(false);
            await ChildAsync("read", large, keys, kill: false).ConfigureAwait(false);
            await ChildAsync("grow", large, keys, kill: false).ConfigureAwait(false);
            Console.WriteLine("```");
            return 0;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>One part, in this process.</summary>
    public static int RunPart(string part, string directory, int keys, string end)
    {
        switch (part)
        {
            case "commit":
                Commit(directory, keys / BlockKeys, fresh: true, "new keys");
                break;
            case "overwrite":
                Commit(directory, 20, fresh: false, "keys overwritten");
                break;
            case "rollback":
                Rollback(directory);
                break;
            case "fill":
                Fill(directory, keys);
                break;
            case "grow":
                // Blocks of the fill were ten times as large, so that what comes next of the sequence is there already.
                Commit(directory, 20, fresh: true, "keys overwritten", kill: end == "kill");
                break;
            case "open":
                Open(directory);
                break;
            default:
                Read(directory, keys);
                break;
        }

        Console.WriteLine(Line($"  {part}: resident at most {PeakBytes() >> 20} MiB"));
        Console.Out.Flush();
        return 0;
    }

    private static string Line(FormattableString text) => FormattableString.Invariant(text);

    private static IndexStore Open(string directory, Durability durability) => IndexStore.Open(
        directory, new IndexStoreOptions { Recipe = Fingerprint.OfNothing, Prefixes = [], Durability = durability });

    private static void Commit(string directory, int blocks, bool fresh, string what, bool kill = false)
    {
        using var store = Open(directory, Durability.EveryBlock);
        var times = new List<double>();
        var allocated = GC.GetTotalAllocatedBytes();
        var processor = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < blocks; i++)
        {
            var height = store.Tip is { } tip ? tip.Height + 1 : 0;
            StateWrite[]? writes = Writes(height, fresh ? height * (long)BlockKeys : Random.Shared.Next(50) * (long)BlockKeys);
            var watch = Stopwatch.StartNew();
            store.Commit(Block(store, height, writes));
            times.Add(watch.Elapsed.TotalMilliseconds);

            // As the indexer does between blocks.
            writes = null;
            GC.Collect();
        }

        allocated = GC.GetTotalAllocatedBytes() - allocated;
        times.Sort();
        var statistics = store.GetStatistics();
        Console.WriteLine(Line($"commit of {BlockKeys:N0} {what} to {statistics.Keys:N0}: median {times[times.Count / 2]:N0} ms, worst {times[^1]:N0} ms, {blocks} blocks, {(Environment.CpuUsage.TotalTime - processor).TotalMilliseconds / blocks:N0} ms of processor time a block; {allocated / blocks >> 10:N0} KiB allocated a block"));
        var memory = GC.GetGCMemoryInfo();
        Console.WriteLine(Line($"  collector {memory.TotalCommittedBytes >> 20} MiB committed, memtables {statistics.MemtableBytes >> 20} MiB, block cache {statistics.BlockCacheBytes >> 20} MiB"));
        Console.WriteLine("  " + string.Join(", ", statistics.Families.Select(family => Line($"{family.Name} {family.Bytes >> 20} MiB"))));
        if (kill)
        {
            Console.WriteLine("  killed");
            Console.Out.Flush();
            Process.GetCurrentProcess().Kill();
        }
    }

    private static void Rollback(string directory)
    {
        using var store = Open(directory, Durability.EveryBlock);
        var target = store.Tip!.Height - 100; // The commits before made more.
        var before = store.Block(target)!.Root;
        var watch = Stopwatch.StartNew();
        store.Rollback(target);
        var rollback = watch.Elapsed.TotalMilliseconds;
        var correct = store.Tip!.Root == before;
        var height = target + 1;
        var writes = Writes(height, 77L * BlockKeys);
        watch.Restart();
        store.Commit(Block(store, height, writes));
        var commit = watch.Elapsed.TotalMilliseconds;
        Console.WriteLine(Line($"rollback of 100 blocks of {BlockKeys:N0} keys: {rollback:N1} ms, root right: {correct}; first commit after it {commit:N0} ms"));
    }

    private static void Fill(string directory, int keys)
    {
        var watch = Stopwatch.StartNew();
        using var store = Open(directory, Durability.OnClose);
        const int Large = 10 * BlockKeys;
        for (var start = 0L; start < keys; start += Large)
        {
            var height = store.Tip is { } tip ? tip.Height + 1 : 0;
            store.Commit(Block(store, height, Writes(height, start, Large)));
        }

        Console.WriteLine(Line($"filled with {store.GetStatistics().Keys:N0} keys in {watch.Elapsed.TotalSeconds:N0} s"));
    }

    private static void Open(string directory)
    {
        var watch = Stopwatch.StartNew();
        var processor = Environment.CpuUsage.TotalTime;
        using var store = Open(directory, Durability.EveryBlock);
        var tip = store.Tip;
        var opened = watch.Elapsed.TotalMilliseconds;
        processor = Environment.CpuUsage.TotalTime - processor;
        using var reader = store.OpenTipReader();
        var found = reader.Get(Key(new byte[KeyBytes], 12345)).Length;
        Console.WriteLine(Line($"opening a store of {store.GetStatistics().Keys:N0} keys at height {tip?.Height}: {opened:N0} ms, {processor.TotalMilliseconds:N0} ms of processor time; with the first read {watch.Elapsed.TotalMilliseconds:N0} ms ({found} bytes)"));
    }

    private static void Read(string directory, int keys)
    {
        using var store = Open(directory, Durability.EveryBlock);
        using var reader = store.OpenTipReader();
        const int Reads = 200_000;
        foreach (var (what, first, range) in ((string, long, long)[])[("anywhere", 0, keys), ("in 100,000 keys", 1000, 100_000), ("the same again", 1000, 100_000), ("of nothing", 1L << 40, keys)])
        {
            var key = new byte[KeyBytes];
            var random = new Random(1);
            var found = 0;
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < Reads; i++)
            {
                found += reader.Get(Key(key, first + random.NextInt64(range))).IsEmpty ? 0 : 1;
            }

            Console.WriteLine(Line($"reads {what}: {watch.Elapsed.TotalMicroseconds / Reads:N2} µs, {found * 100.0 / Reads:N1} % found"));
        }
    }

    private static BlockCommit Block(IndexStore store, uint height, StateWrite[] writes) => new()
    {
        Height = height,
        Hash = new BlockHash(Fingerprint.OfContent(BitConverter.GetBytes(height)).ToArray()),
        PreviousHash = store.Tip?.Hash ?? default,
        Writes = writes,
        Run = default,
    };

    private static StateWrite[] Writes(uint height, long first, int count = BlockKeys)
    {
        var bytes = new byte[count * (KeyBytes + ValueBytes)];
        var random = new Random((int)height);
        random.NextBytes(bytes);
        var writes = new StateWrite[count];
        for (var i = 0; i < count; i++)
        {
            var entry = bytes.AsMemory(i * (KeyBytes + ValueBytes), KeyBytes + ValueBytes);
            Key(entry.Span[..KeyBytes], first + i);
            writes[i] = new StateWrite(entry[..KeyBytes], entry[KeyBytes..]);
        }

        return writes;
    }

    // As indexers have them: a path, and bytes that are as good as random.
    private static ReadOnlySpan<byte> Key(Span<byte> key, long number)
    {
        "/outs/by/"u8.CopyTo(key);
        Span<byte> hash = stackalloc byte[32];
        BinaryPrimitives.WriteInt64LittleEndian(hash, number);
        System.Security.Cryptography.SHA256.HashData(hash[..8], hash);
        hash[..(KeyBytes - 9)].CopyTo(key[9..]);
        return key;
    }

    private static long PeakBytes()
    {
        var line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }

    private static async Task ChildAsync(string part, string directory, int keys, bool kill)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(StateBench).Assembly.Location);
        }

        foreach (var argument in (string[])["index-state-part", part, directory, keys.ToString(CultureInfo.InvariantCulture), kill ? "kill" : "end"])
        {
            start.ArgumentList.Add(argument);
        }

        using var child = Process.Start(start)!; // A program that is there starts.
        Console.Write(await child.StandardOutput.ReadToEndAsync().ConfigureAwait(false));
        await child.WaitForExitAsync().ConfigureAwait(false);
        if (child.ExitCode != 0 && !kill)
        {
            throw new InvalidOperationException($"{part} ended with {child.ExitCode}.");
        }
    }
}
