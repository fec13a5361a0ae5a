using System.Collections.Immutable;
using System.Text;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Remote;
using Larder.Oci.Indexes;
using Larder.Oci.Layers;
using Larder.Tests.Oci.Compression;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Layers;

/// <summary>Stores over one temporary directory, a source in memory, and what files of layers are to be.</summary>
internal sealed class LayerFixture : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<IAsyncDisposable> _open = [];

    public MemorySource Source { get; } = new();

    public static LayerStoreOptions Options { get; } = new()
    {
        PackBytes = 64 * 1024,
        PackSpanBytes = 256 * 1024,
        PointSpacingBytes = 256 * 1024,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        Patience = TimeSpan.FromSeconds(20),
        FailureTtl = TimeSpan.Zero,
    };

    public string Folder => _folder.Path;

    public async Task<(TieredCache Cache, LayerStore Store)> OpenAsync(
        LayerStoreOptions? options = null, long capacityBytes = 1L << 30, IRemoteStore? remote = null, string name = "cache")
    {
        var cache = await TieredCache.OpenAsync(new CacheOptions
        {
            Memory = null,
            Disk = new DiskTierOptions { Directory = _folder[name], CapacityBytes = capacityBytes },
            Remote = remote is null ? null : new RemoteTierOptions { Store = remote },
            Kinds = LayerKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty),
        });
        var store = new LayerStore(cache, options ?? Options);
        _open.Add(cache);
        _open.Add(store);
        return (cache, store);
    }

    /// <summary>A layer with files of all sizes, and what they hold.</summary>
    public static (byte[] Archive, Dictionary<string, byte[]> Files) Mixed(int seed, int files = 60)
    {
        var random = new Random(seed);
        var contents = new Dictionary<string, byte[]>();
        var tar = new TarBuilder().Directory("d/");
        for (var i = 0; i < files; i++)
        {
            var length = (i % 6) switch { 0 => 0, 1 => random.Next(1, 600), 5 => random.Next(65_536, 900_000), _ => random.Next(1, 65_536) };
            var content = i % 3 == 0 ? InflaterTests.Random(random.Next(), length) : InflaterTests.Text(random.Next(), length);
            contents[$"d/file{i}"] = content;
            tar.File($"d/file{i}", content);
        }

        return (tar.ToArray(), contents);
    }

    /// <summary>Reads a file through the store.</summary>
    public static async Task<byte[]> ReadAsync(LayerStore store, LayerOrigin origin, LayerIndex index, string path, CancellationToken token = default)
    {
        var entry = Enumerable.Range(0, index.Count).Last(number => index.GetPath(number).SequenceEqual(Encoding.UTF8.GetBytes(path)));
        var bytes = new byte[index[entry].Size];
        var extents = index.GetExtents(entry).ToArray();
        foreach (var extent in extents)
        {
            using var lease = await store.OpenObjectAsync(origin, index, extent.Object, token);
            for (var done = 0; done < extent.Length;)
            {
                var count = lease.Read(extent.ObjectOffset + done, bytes.AsSpan((int)extent.Offset + done, (int)extent.Length - done));
                Assert.NotEqual(0, count);
                done += count;
            }
        }

        return bytes;
    }

    public static async Task AssertHoldsAsync(LayerStore store, LayerOrigin origin, LayerIndex index, Dictionary<string, byte[]> files)
    {
        foreach (var (path, content) in files)
        {
            var read = await ReadAsync(store, origin, index, path);
            Assert.True(content.AsSpan().SequenceEqual(read), $"{path} holds other bytes.");
        }
    }

    /// <summary>Takes all objects of a layer off the disk.</summary>
    public static async Task EvictAsync(TieredCache cache, LayerIndex index)
    {
        foreach (var key in index.Objects.ToArray().Select(KeyOf).ToArray())
        {
            await cache.RemoveAsync(key);
        }
    }

    public static ArtifactKey KeyOf(LayerObject item) => LayerKinds.KeyOf(item);

    public async ValueTask DisposeAsync()
    {
        // Stores before their caches.
        _open.Reverse();
        foreach (var open in _open)
        {
            await open.DisposeAsync();
        }

        _folder.Dispose();
    }
}
