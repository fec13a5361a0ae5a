using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Larder.Indexer.Merkle;

namespace Larder.Bench.Indexer;

/// <summary>What a block of 30,000 random keys costs a tree of some size, without what the store adds.</summary>
internal static class MerkleBench
{
    private const int BlockKeys = 30_000;
    private const int Rounds = 7;

    public static int Run(string[] arguments)
    {
        int[] sizes = arguments.Length > 0 ? [.. arguments.Select(text => int.Parse(text, CultureInfo.InvariantCulture))] : [300_000, 10_000_000];
        MeasureHash();
        Console.WriteLine("| keys | pages | bytes of pages a key | threads | CPU ms a block | ms a block | pages read | pages written | MB written |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var size in sizes)
        {
            var pages = new SlabPages();
            for (var first = 0; first < size; first += 500_000)
            {
                MerkleTree.Update(pages, 0, Changes(Enumerable.Range(first, Math.Min(500_000, size - first)), 0), Environment.ProcessorCount);
            }

            foreach (var threads in (int[])[1, Environment.ProcessorCount])
            {
                Measure(pages, size, threads);
            }
        }

        return 0;
    }

    private static void Measure(SlabPages pages, int size, int threads)
    {
        var random = new Random(threads);
        var processor = new List<double>();
        var wall = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var changes = Changes(Enumerable.Range(0, BlockKeys).Select(_ => random.Next(size)).Distinct(), round + 1);
            pages.ResetCounts();
            var before = Environment.CpuUsage.TotalTime;
            var start = Stopwatch.GetTimestamp();
            MerkleTree.Update(pages, 0, changes, threads);
            wall.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            processor.Add((Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {size:N0} | {pages.Pages:N0} | {(double)pages.StoredBytes / size:F0} | {threads} | {Median(processor):F0} | {Median(wall):F0} | {pages.Reads:N0} | {pages.Writes:N0} | {pages.WrittenBytes / 1e6:F1} |"));
    }

    private static void MeasureHash()
    {
        MerkleDigest left = default;
        MerkleDigest hash = default;
        const int Count = 1_000_000;
        var best = double.MaxValue;
        for (var round = 0; round < 3; round++)
        {
            var start = Environment.CpuUsage.TotalTime;
            for (var index = 0; index < Count; index++)
            {
                MerkleHash.Inner(left, hash, ref hash);
            }

            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / Count);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"One inner hash takes {best:F0} processor ns."));
        Console.WriteLine();
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private static MerkleLeaf[] Changes(IEnumerable<int> keys, int version)
    {
        Span<byte> value = stackalloc byte[32];
        SHA256.HashData(BitConverter.GetBytes(version), value);
        var changes = new List<MerkleLeaf>();
        foreach (var key in keys)
        {
            changes.Add(MerkleLeaf.Of(BitConverter.GetBytes(key), value));
        }

        changes.Sort();
        return [.. changes];
    }
}
