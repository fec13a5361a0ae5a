using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;
using Larder.Oci.Layers;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;

namespace Larder.Bench.Layers;

/// <summary>Importing layers: processor time, memory, and the first byte of what is at a layer's end.</summary>
internal static class LayersBench
{
    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["inflate", var blob]:
                Inflate(blob);
                return 0;
            case ["import", var blob, var diffId, var directory, var rounds]:
                await ImportAsync(blob, diffId, directory, int.Parse(rounds, CultureInfo.InvariantCulture));
                return 0;
            case ["memory", var megabytes, var directory]:
                await MemoryAsync(long.Parse(megabytes, CultureInfo.InvariantCulture) * 1_000_000, directory);
                return 0;
            case ["first-byte", var blob, var diffId, var directory]:
                await FirstByteAsync(blob, diffId, directory);
                return 0;
            default:
                await Console.Error.WriteLineAsync("usage: see bench/layers/run.sh");
                return 2;
        }
    }

    private static TimeSpan Cpu()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    private static void Inflate(string path)
    {
        var blob = File.ReadAllBytes(path);
        for (var round = 0; round < 4; round++)
        {
            var began = Cpu();
            long bytes = 0;
            using (var decompressor = new GzipDecompressor())
            {
                var offset = 0;
                DecompressorStatus status;
                while ((status = decompressor.Read(out var chunk)) != DecompressorStatus.End)
                {
                    bytes += chunk.Length;
                    if (status == DecompressorStatus.NeedsInput)
                    {
                        var space = decompressor.InputSpace;
                        var count = Math.Min(Math.Min(space.Length, 65_536), blob.Length - offset);
                        blob.AsSpan(offset, count).CopyTo(space.Span);
                        offset += count;
                        decompressor.InputAdded(count);
                        if (count == 0)
                        {
                            decompressor.CompleteInput();
                        }
                    }
                }
            }

            var own = bytes / 1e6 / (Cpu() - began).TotalSeconds;
            began = Cpu();
            using var gzip = new GZipStream(new MemoryStream(blob), CompressionMode.Decompress);
            var buffer = new byte[256 * 1024];
            while (gzip.Read(buffer) > 0)
            {
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"inflate {own:0} MB/s, GZipStream {bytes / 1e6 / (Cpu() - began).TotalSeconds:0} MB/s of processor time"));
        }
    }

    private static async Task<(TieredCache Cache, LayerStore Store)> OpenAsync(string directory, long capacityBytes)
    {
        var cache = await TieredCache.OpenAsync(new CacheOptions
        {
            Memory = null,
            MemoryPressure = null,
            Disk = new DiskTierOptions { Directory = directory, CapacityBytes = capacityBytes },
            Kinds = LayerKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty),
        });
        return (cache, new LayerStore(cache));
    }

    private static LayerOrigin OriginOf(BenchSource source, long size, string diffId) => new(
        source,
        new ImageLayer(
            new Descriptor { MediaType = "layer", Digest = OciDigest.Parse($"sha256:{new string('0', 64)}"), Size = size },
            OciDigest.Parse($"sha256:{diffId}")));

    private static BenchSource FileSource(string path) => new(offset =>
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        stream.Position = offset;
        return stream;
    });

    private static async Task ImportAsync(string path, string diffId, string directory, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }

            var (cache, store) = await OpenAsync(directory, 16L << 30);
            await using (cache)
            {
                await using (store)
                {
                    await cache.Disk!.Recovered;
                    var origin = OriginOf(FileSource(path), new FileInfo(path).Length, diffId);
                    var cpu = Cpu();
                    var watch = Stopwatch.StartNew();
                    var index = await store.GetIndexAsync(origin);
                    var used = (Cpu() - cpu).TotalSeconds;
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"import {index.ArchiveLength / 1e6 / used:0} MB/s of processor time, {index.ArchiveLength / 1e6 / watch.Elapsed.TotalSeconds:0} MB/s; "
                        + $"{index.Count} entries, {index.Objects.Length} objects"));
                }
            }
        }

        Directory.Delete(directory, recursive: true);
    }

    private static async Task MemoryAsync(long archiveBytes, string directory)
    {
        var layer = new GeneratedLayer(archiveBytes);
        var (cache, store) = await OpenAsync(directory, 2L << 30);
        await using (cache)
        {
            await using (store)
            {
                await cache.Disk!.Recovered;

                // What the first import brings into memory, code included, is not the layer's.
                var small = new GeneratedLayer(20_000_000);
                await ImportGeneratedAsync(store, small);
                GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                var before = PrivateBytes();
                var peak = before;
                var import = ImportGeneratedAsync(store, layer);
                while (await Task.WhenAny(import, Task.Delay(250)) != import)
                {
                    peak = Math.Max(peak, PrivateBytes());
                }

                await import;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"memory: a layer of {layer.ArchiveBytes / 1e6:0} MB: private {before / 1048576.0:0.0} MiB before, {peak / 1048576.0:0.0} MiB at most"));
            }
        }

        Directory.Delete(directory, recursive: true);
    }

    private static async Task ImportGeneratedAsync(LayerStore store, GeneratedLayer layer) => await store.GetIndexAsync(
        OriginOf(new BenchSource(_ => layer.Open()), layer.BlobBytes, Convert.ToHexStringLower(layer.DiffId)));

    // Memory that is this process's alone and not of a file.
    private static long PrivateBytes()
    {
        var line = File.ReadLines("/proc/self/smaps_rollup").First(static line => line.StartsWith("Anonymous:", StringComparison.Ordinal));
        return long.Parse(line["Anonymous:".Length..^2].Trim(), CultureInfo.InvariantCulture) * 1024;
    }

    private static async Task FirstByteAsync(string path, string diffId, string directory)
    {
        for (var round = 0; round < 4; round++)
        {
            var source = FileSource(path);
            var (cache, store) = await OpenAsync(directory, 16L << 30);
            await using (cache)
            {
                await using (store)
                {
                    var origin = OriginOf(source, new FileInfo(path).Length, diffId);
                    var index = await store.GetIndexAsync(origin);
                    foreach (var item in index.Objects.ToArray())
                    {
                        await cache.RemoveAsync(new Larder.Cache.Artifacts.ArtifactKey(
                            item.Kind == LayerObjectKind.File ? LayerKinds.File : LayerKinds.Pack, item.Digest));
                    }

                    // The last file of all, which may be large and comes as a whole, and the last of usual size.
                    foreach (var limit in (long[])[1 << 20, long.MaxValue])
                    {
                        var number = index.Objects.Length - 1;
                        while (index.Objects[number].Length > limit)
                        {
                            number--;
                        }

                        var (requests, bytes) = (source.Requests, source.Bytes);
                        var watch = Stopwatch.StartNew();
                        using var lease = await store.OpenObjectAsync(origin, index, number);
                        lease.Read(0, new byte[1]);
                        Console.WriteLine(string.Create(
                            CultureInfo.InvariantCulture,
                            $"first byte of the last object{(limit == long.MaxValue ? string.Empty : " up to 1 MiB")}, of {lease.Length} bytes: "
                            + $"{watch.Elapsed.TotalMilliseconds:0.0} ms, {source.Requests - requests} request, {source.Bytes - bytes} bytes"));
                    }
                }
            }
        }

        Directory.Delete(directory, recursive: true);
    }
}
