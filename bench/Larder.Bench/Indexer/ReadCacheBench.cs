using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.Caching;
using Larder.Indexer.State;

namespace Larder.Bench.Indexer;

/// <summary>
/// What a read costs from the store on RocksDB, and through the cache: keys of 40 bytes, values of 32, in an order of its own
/// each time. The store's files are in the page cache, which is the best that it can do.
/// </summary>
internal static class ReadCacheBench
{
    private const int KeyBytes = 40;
    private const int BlockKeys = 30_000;
    private const int Rounds = 5;

    public static int Run(string[] arguments)
    {
        var stored = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 300_000;
        var cacheBytes = arguments.Length > 1 ? long.Parse(arguments[1], CultureInfo.InvariantCulture) : 256L << 20;
        var directory = Directory.CreateTempSubdirectory("larder-bench-cache-").FullName;
        try
        {
            using var store = Fill(directory, stored);
            using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = cacheBytes });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{stored:N0} keys in the store, a cache of {cacheBytes >> 20:N0} MiB, reads of {stored / 2:N0} keys in each round, median of {Rounds} rounds, processor ns a read."));
            Console.WriteLine();
            Console.WriteLine("| read | from the store | through the cache | ratio |");
            Console.WriteLine("|---|---|---|---|");
            Compare("of a key with a value, again", store, cache, 0, stored / 2);
            Compare("of a key without a value, again", store, cache, stored, stored / 2);
            Passing(store, cache, stored);
            MissAndSet(cache, stored);
            Console.WriteLine();
            Console.Write(cache.GetMemoryReport());
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Compare(string what, IndexStore store, ReadCache cache, int first, int count)
    {
        using var direct = store.OpenTipReader();
        using var cached = new CachedStateReader(cache, CachePartition.Main, 0, store.OpenTipReader());
        Time(cached, first, count, 0);
        var fromStore = new List<double>();
        var fromCache = new List<double>();
        for (var round = 1; round <= Rounds; round++)
        {
            fromStore.Add(Time(direct, first, count, round));
            fromCache.Add(Time(cached, first, count, round));
        }

        Row(what, Median(fromStore), Median(fromCache));
    }

    // Keys that no read meets again: what the cache costs where it helps nothing.
    private static void Passing(IndexStore store, ReadCache cache, int stored)
    {
        using var direct = store.OpenTipReader();
        using var cached = new CachedStateReader(cache, CachePartition.Main, 0, store.OpenTipReader());
        var fromStore = new List<double>();
        var fromCache = new List<double>();
        for (var round = 1; round <= Rounds; round++)
        {
            var first = stored * (10 + round);
            fromStore.Add(Time(direct, first, stored / 2, round));
            fromCache.Add(Time(cached, first, stored / 2, round));
        }

        Row("of a key without a value, for the first time", Median(fromStore), Median(fromCache));
    }

    private static void MissAndSet(ReadCache cache, int stored)
    {
        var key = new byte[KeyBytes];
        var value = new ValueBuffer();
        var rounds = new List<double>();
        for (var round = 1; round <= Rounds; round++)
        {
            var start = Environment.CpuUsage.TotalTime;
            for (var number = 0; number < stored / 2; number++)
            {
                WriteKey(key, (stored * (30 + round)) + number);
                if (!cache.TryGet(CachePartition.Main, 0, key, value))
                {
                    cache.Set(CachePartition.Main, 0, key, []);
                }
            }

            rounds.Add((Environment.CpuUsage.TotalTime - start).TotalNanoseconds / (stored / 2));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| miss and set of the cache alone | | {Median(rounds):F0} | |"));
    }

    private static double Time(StateReader reader, int first, int count, int round)
    {
        // A stride without a common divisor visits every key once, far from the one before.
        const long Stride = 2_147_483_629;
        var key = new byte[KeyBytes];
        var length = 0L;
        var start = Environment.CpuUsage.TotalTime;
        for (long index = 0; index < count; index++)
        {
            WriteKey(key, first + (int)(((index + round) * Stride) % count));
            length += reader.Get(key).Length;
        }

        var elapsed = (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / count;
        GC.KeepAlive(length);
        return elapsed;
    }

    private static IndexStore Fill(string directory, int keys)
    {
        var store = IndexStore.Open(directory, new IndexStoreOptions { Durability = Durability.OnClose });
        var previous = new BlockHash(new byte[BlockHash.Size]);
        for (var first = 0; first < keys; first += BlockKeys)
        {
            var height = (uint)(first / BlockKeys);
            var hash = new BlockHash(SHA256.HashData(BitConverter.GetBytes(height)));
            var writes = Enumerable.Range(first, Math.Min(BlockKeys, keys - first)).Select(number =>
            {
                var key = new byte[KeyBytes];
                WriteKey(key, number);
                return new StateWrite(key, SHA256.HashData(key));
            }).ToArray();
            store.Commit(new BlockCommit { Height = height, Hash = hash, PreviousHash = previous, Writes = writes, Run = new BlockRun(Fingerprint.OfNothing, 1, 1, default) });
            previous = hash;
        }

        store.Compact();
        return store;
    }

    private static void WriteKey(Span<byte> key, int number)
    {
        "/balances/of/an/address/in/a/table/"u8.CopyTo(key);
        key[35] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(key[36..], number);
    }

    private static void Row(string what, double store, double cache) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {store:F0} | {cache:F0} | {store / cache:F1} |"));

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
