using System.Buffers.Binary;
using System.IO.Compression;
using Larder.Cache.Memory;

namespace Larder.Tests.Policy;

/// <summary>Replays small shared traces through the cache with its default policy; the bench replays all of them.</summary>
public sealed class TraceMissRatioTests
{
    // Bounds: the best policy of the reference tables scores 0.317, 0.206, 0.754; 0.068, 0.637 and 0.098.
    [Theory]
    [InlineData("ci-cachelib-full", false, 10, 0.40)]
    [InlineData("ci-bitfaster-incr", false, 10, 0.30)]
    [InlineData("lirs-loop", false, 25, 0.84)]
    [InlineData("build-opens-cmake-c", true, 10, 0.14)]
    [InlineData("oci-dal09-replay", true, 5, 0.45)]
    [InlineData("ci-cachelib-full", true, 5, 0.15)]
    public void A_trace_misses_no_more_than_it_should(string name, bool inBytes, int percent, double most)
    {
        var requests = Read(name);
        var sizes = new Dictionary<long, uint>();
        foreach (var (key, size) in requests)
        {
            sizes[key] = size;
        }

        var capacity = (inBytes ? sizes.Values.Sum(size => (long)size) : sizes.Count) * percent / 100;
        var cache = new BoundedCache<long, uint>(inBytes
            ? new() { CapacityBytes = capacity, Weigher = (_, size) => size }
            : new() { MaxEntries = capacity });

        var misses = 0;
        foreach (var (key, size) in requests)
        {
            if (!cache.TryGet(key, out _))
            {
                misses++;
                cache.Put(key, size);
            }
        }

        var ratio = misses / (double)requests.Length;
        Assert.True(ratio <= most, $"miss ratio {ratio:0.000}, expected at most {most}");
        Assert.True((inBytes ? cache.BookedBytes : cache.Count) <= capacity);
        cache.CheckIntegrity();
    }

    private static (long Key, uint Size)[] Read(string name)
    {
        var path = Path.Combine(Shared(), "traces", "norm", name + ".bin.gz");
        Assert.SkipUnless(File.Exists(path), $"The shared trace {name} is not here (LARDER_SHARED or ../shared).");
        using var unzipped = new MemoryStream();
        using (var zipped = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
        {
            zipped.CopyTo(unzipped);
        }

        var requests = new (long, uint)[unzipped.Length / 8];
        ReadOnlySpan<byte> bytes = unzipped.GetBuffer();
        for (var i = 0; i < requests.Length; i++)
        {
            requests[i] = (
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * 8)..]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[((i * 8) + 4)..]));
        }

        return requests;
    }

    private static string Shared()
    {
        if (Environment.GetEnvironmentVariable("LARDER_SHARED") is { Length: > 0 } named)
        {
            return named;
        }

        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Larder.slnx")))
        {
            at = at.Parent;
        }

        return Path.Combine(at?.FullName ?? ".", "..", "shared");
    }
}
