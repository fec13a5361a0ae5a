using System.Buffers.Binary;
using System.IO.Compression;
using Larder.Cache.Memory;
using Larder.Cache.Policy;
using Larder.Cache.Sizing;

namespace Larder.Tests.Sizing;

/// <summary>Predicted hit ratios on recorded traffic, beside those of caches of those sizes that are really run.</summary>
public sealed class TraceCurveTests(ITestOutputHelper output)
{
    private static readonly int[] Percents = [1, 2, 5, 10, 25, 50];

    [Theory]
    [InlineData("cache2k-web07")]
    [InlineData("cache2k-web12")]
    [InlineData("lirs-sprite")]
    [InlineData("lirs-multi3")]
    [InlineData("lirs-2pools")]
    [InlineData("scarab-recs")]
    [InlineData("adaptsize-web")]
    [InlineData("ci-cachelib-incr")]
    [InlineData("ci-bitfaster-full")]
    [InlineData("corda-vault")]
    public void The_curve_over_entries_is_that_of_a_real_lru(string name)
    {
        var requests = Read(name);
        var curve = Follow(requests, new ReuseSamplerOptions { MaxSamples = 1 << 20, HalfLife = 0, MaxReferencesPerSecond = 0 }).GetEntryCurve();
        var sampled = Follow(requests, new ReuseSamplerOptions { MaxSamples = 4096, HalfLife = 0, MaxReferencesPerSecond = 0 }).GetEntryCurve();

        foreach (var percent in Percents)
        {
            var entries = Math.Max(1, requests.Select(one => one.Key).Distinct().Count() * percent / 100);
            var lru = Run(requests, new() { MaxEntries = entries, Policy = EvictionPolicyKind.Lru, ShardCount = 1 });
            var own = Run(requests, new() { MaxEntries = entries });
            output.WriteLine(
                $"{name} {percent,2} %: predicted {curve.HitRatioAt(entries):0.0000}, sampled {sampled.HitRatioAt(entries):0.0000}, "
                + $"lru {lru:0.0000}, default policy {own:0.0000}");

            // The steps of the histogram are the only difference; a step of a sixteenth may hold a cliff.
            Assert.InRange(lru, curve.HitRatioAt(entries * 15 / 16) - 1e-9, curve.HitRatioAt((entries * 17 / 16) + 1) + 1e-9);

            // Where few of the followed keys fit, less is known.
            var error = percent < 5 ? 0.08 : 0.03;
            Assert.InRange(lru, sampled.HitRatioAt(entries * 9 / 10) - error, sampled.HitRatioAt((entries * 11 / 10) + 1) + error);
        }
    }

    [Theory]
    [InlineData("adaptsize-web")]
    [InlineData("ci-cachelib-full")]
    [InlineData("ci-cachelib-incr")]
    [InlineData("ci-bitfaster-incr")]
    [InlineData("build-opens-cmake-c")]
    [InlineData("oci-dal09-replay")]
    [InlineData("cloudphysics-io")]
    public void The_curve_over_bytes_is_that_of_a_real_lru(string name)
    {
        var requests = Read(name);

        // One size a key: the stack is exact for constant weights.
        var sizes = new Dictionary<uint, uint>();
        for (var at = 0; at < requests.Length; at++)
        {
            sizes.TryAdd(requests[at].Key, Math.Max(1, requests[at].Size));
            requests[at].Size = sizes[requests[at].Key];
        }

        var curve = Follow(requests, new ReuseSamplerOptions { MaxSamples = 1 << 20, HalfLife = 0, MaxReferencesPerSecond = 0 }).GetCurve();
        var largest = sizes.Values.Max();
        foreach (var percent in Percents)
        {
            var bytes = sizes.Values.Sum(size => (long)size) * percent / 100;
            var lru = Run(requests, new() { CapacityBytes = bytes, Policy = EvictionPolicyKind.Lru, ShardCount = 1, Weigher = static (_, size) => size });
            var own = Run(requests, new() { CapacityBytes = bytes, Weigher = static (_, size) => size });
            output.WriteLine($"{name} {percent,2} %: predicted {curve.HitRatioAt(bytes):0.0000}, lru {lru:0.0000}, default policy {own:0.0000}");

            // A cache refuses what is larger than itself, where the curve lets it push others out: it does better then.
            Assert.True(lru >= curve.HitRatioAt(bytes * 15 / 16) - 1e-9, $"{percent} %: {lru} is less than predicted");
            if (bytes >= largest)
            {
                Assert.InRange(lru, 0, curve.HitRatioAt(bytes * 17 / 16) + 1e-9);
            }
        }
    }

    private static ReuseSampler Follow((uint Key, uint Size)[] requests, ReuseSamplerOptions options)
    {
        long seen = 0;
        var sampler = new ReuseSampler(options with { CountReferences = _ => seen });
        foreach (var (key, size) in requests)
        {
            seen++;
            sampler.Look(ReuseSampler.Mix(key), 0, size, found: false);
        }

        return sampler;
    }

    private static double Run((uint Key, uint Size)[] requests, BoundedCacheOptions<long, uint> options)
    {
        var cache = new BoundedCache<long, uint>(options);
        var hits = 0;
        foreach (var (key, size) in requests)
        {
            if (cache.TryGet(key, out _))
            {
                hits++;
            }
            else
            {
                cache.Put(key, size);
            }
        }

        return hits / (double)requests.Length;
    }

    private static (uint Key, uint Size)[] Read(string name)
    {
        var path = SharedFiles.Find(Path.Combine("traces", "norm", name + ".bin.gz"));
        Assert.SkipUnless(path is not null, $"The shared trace {name} is not here (LARDER_SHARED or ../shared).");
        using var unzipped = new MemoryStream();
        using (var zipped = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
        {
            zipped.CopyTo(unzipped);
        }

        ReadOnlySpan<byte> bytes = unzipped.GetBuffer();
        var requests = new (uint, uint)[unzipped.Length / 8];
        for (var at = 0; at < requests.Length; at++)
        {
            requests[at] = (
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at * 8)..]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[((at * 8) + 4)..]));
        }

        return requests;
    }
}
