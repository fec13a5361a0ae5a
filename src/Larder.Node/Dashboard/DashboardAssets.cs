using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Larder.Node.Dashboard;

/// <summary>The files of the page, read from this assembly and compressed once, by the path they are served at.</summary>
internal static class DashboardAssets
{
    /// <summary>Where the page is found that runs handlers.</summary>
    public const string Playground = "/playground";

    private const string Prefix = "dashboard/";

    private static readonly FrozenDictionary<string, string> ContentTypes = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>
    /// Reads every file. <c>index.html</c> is found under <c>/</c> and <c>playground.html</c> under <c>/playground</c>, the
    /// others under <c>/dashboard/</c>.
    /// </summary>
    public static FrozenDictionary<string, DashboardAsset> Load()
    {
        var assets = new Dictionary<string, DashboardAsset>(StringComparer.Ordinal);
        var assembly = typeof(DashboardAssets).Assembly;
        foreach (var name in assembly.GetManifestResourceNames())
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal)
                || !ContentTypes.TryGetValue(Path.GetExtension(name), out var contentType))
            {
                continue;
            }

            using var stream = assembly.GetManifestResourceStream(name)!; // The name was listed by the same assembly.
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            var plain = copy.ToArray();
            var asset = new DashboardAsset(
                contentType,
                plain,
                Compress(plain, static target => new GZipStream(target, CompressionLevel.SmallestSize)),
                Compress(plain, static target => new BrotliStream(target, CompressionLevel.SmallestSize)),
                Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 12)));
            assets.Add(name switch { Prefix + "index.html" => "/", Prefix + "playground.html" => Playground, _ => "/" + name }, asset);
        }

        return assets.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static byte[] Compress(byte[] plain, Func<Stream, Stream> open)
    {
        using var target = new MemoryStream();
        using (var compressor = open(target))
        {
            compressor.Write(plain);
        }

        return target.ToArray();
    }
}
