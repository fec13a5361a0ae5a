using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Oci.Layers;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Layers;

/// <summary>A second process that imports a layer until it is killed. The runtime calls it as a startup hook.</summary>
internal static class LayerChild
{
    public const string Variable = "LARDER_LAYER_CHILD";

    public static Process Start(string directory)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Add(typeof(LayerChild).Assembly.Location);
        }

        start.Environment[Variable] = directory;
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(LayerChild).Assembly.Location;
        return Process.Start(start) ?? throw new InvalidOperationException("The child did not start.");
    }

    /// <summary>The layer that it imports.</summary>
    public static (byte[] Archive, Dictionary<string, byte[]> Files) Layer() => LayerFixture.Mixed(77, files: 120);

    /// <summary>Opens a store as the child does.</summary>
    public static async Task<(TieredCache Cache, LayerStore Store)> OpenAsync(string directory)
    {
        var cache = await TieredCache.OpenAsync(new CacheOptions
        {
            Memory = null,
            Disk = new DiskTierOptions { Directory = directory },
            Kinds = LayerKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty),
        });
        return (cache, new LayerStore(cache, LayerFixture.Options));
    }

    /// <summary>Says every 64 KiB of the blob how far it is.</summary>
    public static void Run()
    {
        RunAsync(Environment.GetEnvironmentVariable(Variable)!).GetAwaiter().GetResult(); // Set by Start, together with the hook.
        Environment.Exit(0);
    }

    private static async Task RunAsync(string directory)
    {
        var (_, store) = await OpenAsync(directory);
        var source = new MemorySource { PieceBytes = 65_536 };
        var (archive, _) = Layer();
        var origin = source.Add(archive, BlobForms.Gzip(archive));
        source.BeforeRead = async given =>
        {
            await Console.Out.WriteLineAsync(given.ToString(CultureInfo.InvariantCulture));
            await Console.Out.FlushAsync();
            await Task.Delay(1);
        };
        await store.GetIndexAsync(origin);
        await Console.Out.WriteLineAsync("done");
        await Console.Out.FlushAsync();
        await Task.Delay(Timeout.Infinite);
    }
}
