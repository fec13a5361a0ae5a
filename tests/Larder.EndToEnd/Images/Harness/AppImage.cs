using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Larder.EndToEnd.Harness;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;
using Larder.Tests.Oci.Support;

namespace Larder.EndToEnd.Images.Harness;

/// <summary>
/// A real image in an OCI layout: Debian by debootstrap, packages by apt, a data layer, and a layer of changes whose
/// whiteouts umoci writes; and the odd image of <see cref="OddLayers"/>.
/// </summary>
/// <remarks>
/// <para>
/// Made once and kept in <c>artifacts/test-images</c>; it takes one to three minutes. The layout has the names
/// <c>v1</c> (OCI, gzip, as umoci wrote it), <c>v2s2</c> (Docker's types), <c>zstd</c>, <c>tar</c> (not compressed),
/// <c>gzmm</c> (gzip in members of 4 MiB), <c>multi</c> (amd64: v1, arm64: the odd image, and an attestation), <c>odd</c> and
/// <c>odd-zstd</c>. All but the odd ones have the same layers inside, and so the same diff ids. Skopeo takes no Docker
/// manifest out of a layout: for one in a registry push <c>v1</c> with <c>--format v2s2</c>.
/// </para>
/// <code>
/// var image = await AppImage.GetAsync();                       // skips the test where it cannot be made
/// await using var registry = await DockerRegistry.StartAsync();
/// await registry.PushAsync(image.Named("zstd"), "test/app:zstd");
/// var reference = await AppImage.UnpackAsync(image.Named("v1"), directory); // umoci: the tree to compare with
/// </code>
/// <para>
/// <c>LARDER_TEST_PACKAGES</c> names further packages for the second layer, such as <c>python3-numpy</c>, for measurements.
/// </para>
/// </remarks>
internal sealed class AppImage
{
    // Changes with what is below, so that an image of an older kind is made again.
    private const string Version = "1";
    private const string Suite = "bookworm";
    private const int MemberBytes = 4 * 1024 * 1024;

    private static readonly SemaphoreSlim OneAtATime = new(1, 1);

    private AppImage(string layout) => Layout = layout;

    /// <summary>Everything that has to be installed.</summary>
    public static string[] Programs { get; } = ["debootstrap", "umoci", "skopeo", "zstd", "tar", "chroot", "docker-registry"];

    /// <summary>Directory of the layout.</summary>
    public string Layout { get; }

    /// <summary>An image of the layout, as skopeo and umoci want it.</summary>
    public string Named(string name) => $"{Layout}:{name}";

    /// <summary>The image; made when there is none yet.</summary>
    public static async Task<AppImage> GetAsync()
    {
        Tools.Require(Programs);
        Assert.SkipUnless(Environment.UserName == "root" || Tools.MustRun, "Making a root file system needs root.");
        var packages = Environment.GetEnvironmentVariable("LARDER_TEST_PACKAGES") ?? string.Empty;
        var name = OciDigest.Of(Encoding.UTF8.GetBytes($"{Version}\n{packages}")).Hex[..12];
        var home = Path.Combine(BuiltTool.Root, "artifacts", "test-images");
        Directory.CreateDirectory(home);
        var directory = Path.Combine(home, name);
        await OneAtATime.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            await using var lockFile = await LockAsync(directory + ".lock");
            if (!Directory.Exists(directory))
            {
                var unfinished = directory + ".new";
                await DeleteTreeAsync(unfinished);
                Directory.CreateDirectory(unfinished);
                await MakeAsync(unfinished, packages.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                Directory.Move(unfinished, directory);
            }
        }
        finally
        {
            OneAtATime.Release();
        }

        return new AppImage(Path.Combine(directory, "layout"));
    }

    /// <summary>Unpacks an image with umoci, as the tree to compare with.</summary>
    /// <param name="image">Directory and name, as in <c>DIRECTORY:NAME</c>.</param>
    /// <param name="bundle">Where to; must not exist.</param>
    /// <returns>The root of the unpacked file system.</returns>
    public static async Task<string> UnpackAsync(string image, string bundle)
    {
        await RunAsync("umoci", "unpack", "--image", image, bundle);
        return Path.Combine(bundle, "rootfs");
    }

    private static async Task MakeAsync(string directory, string[] packages)
    {
        var layout = Path.Combine(directory, "layout");
        var bundle = Path.Combine(directory, "bundle");
        var root = Path.Combine(bundle, "rootfs");
        await RunAsync("umoci", "init", "--layout", layout);
        await RunAsync("umoci", "new", "--image", $"{layout}:v1");
        await RunAsync("umoci", "unpack", "--image", $"{layout}:v1", bundle);
        await RunAsync("debootstrap", "--variant=minbase", Suite, root);
        await RepackAsync(layout, bundle);

        await RunAsync("chroot", [root, "apt-get", "-q", "-y", "--no-install-recommends", "install", "python3-minimal", "iputils-ping", .. packages]);
        await RunAsync("chroot", root, "apt-get", "-q", "clean");
        await RepackAsync(layout, bundle);

        WriteData(root);
        await RepackAsync(layout, bundle);

        await RunAsync("sh", "-c", Changes.Replace("ROOT", root, StringComparison.Ordinal));
        await RepackAsync(layout, bundle);
        await DeleteTreeAsync(bundle);
        await AddVariantsAsync(layout);
    }

    // Directories that go, a rename, every change of type, and changes of attributes alone.
    private const string Changes =
        """
        set -e; cd 'ROOT'
        rm -rf usr/share/doc usr/share/locale srv/data/small/1
        mv srv/data/text srv/data/renamed
        rm -rf srv/data/small/2; echo file > srv/data/small/2
        rm srv/data/small/3/3-0; mkdir srv/data/small/3/3-0; echo inner > srv/data/small/3/3-0/inner
        rm srv/data/small/3/3-1; ln -s 3-0 srv/data/small/3/3-1
        chmod 4711 srv/data/small/3/3-2; chown 1234:5678 srv/data/small/3/3-3
        touch -d '2001-02-03 04:05:06.789' srv/data/small/3/3-4
        setfattr -n user.note -v changed srv/data/small/3/3-5 || true
        """;

    private static void WriteData(string root)
    {
        var data = Path.Combine(root, "srv", "data");
        Directory.CreateDirectory(data);
        var random = new Random(20_240_501);
        var bytes = new byte[16 * 1024 * 1024];
        random.NextBytes(bytes);
        File.WriteAllBytes(Path.Combine(data, "random"), bytes);
        File.WriteAllBytes(Path.Combine(data, "zeros"), new byte[16 * 1024 * 1024]);
        using (var text = new StreamWriter(Path.Combine(data, "text")))
        {
            for (var i = 0; i < 300_000; i++)
            {
                text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"line {i} has the number {random.Next()} in it, and {i % 97}"));
            }
        }

        for (var folder = 0; folder < 10; folder++)
        {
            var directory = Path.Combine(data, "small", folder.ToString(CultureInfo.InvariantCulture));
            Directory.CreateDirectory(directory);
            for (var i = 0; i < 100; i++)
            {
                File.WriteAllText(Path.Combine(directory, $"{folder}-{i}"), $"small file {folder} {i}\n{new string('x', i * 37)}");
            }
        }
    }

    private static async Task AddVariantsAsync(string layout)
    {
        var source = new LayoutImageSource(layout);
        var image = await source.ResolveAsync(ImageReference.OfLayout(layout, "v1"), null, default);
        var writer = await LayoutWriter.OpenAsync(layout);
        List<ImageLayer> plain = [];
        List<ImageLayer> members = [];
        List<ImageLayer> zstd = [];
        var aside = Path.Combine(layout, "..", "aside");
        foreach (var layer in image.Layers)
        {
            await using (var blob = await source.OpenBlobAsync(layer.Blob, null, default))
            await using (var gzip = new GZipStream(blob, CompressionMode.Decompress))
            await using (var file = File.Create(aside))
            {
                await gzip.CopyToAsync(file);
            }

            await using (var file = File.OpenRead(aside))
            {
                plain.Add(layer with { Blob = await writer.AddBlobAsync(MediaTypes.OciLayer, file) });
            }

            await CompressMembersAsync(aside, aside + ".gz");
            await RunAsync("zstd", "-q", "-f", "-3", aside, "-o", aside + ".zst");
            await using (var file = File.OpenRead(aside + ".gz"))
            {
                members.Add(layer with { Blob = await writer.AddBlobAsync(MediaTypes.OciLayerGzip, file) });
            }

            await using (var file = File.OpenRead(aside + ".zst"))
            {
                zstd.Add(layer with { Blob = await writer.AddBlobAsync(MediaTypes.OciLayerZstd, file) });
            }
        }

        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(aside)!, "aside*")) // Not null: it is no root.
        {
            File.Delete(file);
        }

        var docker = image.Layers.Select(static layer => layer with { Blob = layer.Blob with { MediaType = MediaTypes.DockerLayerGzip } });
        await writer.TagAsync("v2s2", await writer.AddManifestAsync(ImagePlatform.Current, [.. docker], docker: true));
        await writer.TagAsync("tar", await writer.AddManifestAsync(ImagePlatform.Current, plain));
        await writer.TagAsync("gzmm", await writer.AddManifestAsync(ImagePlatform.Current, members));
        await writer.TagAsync("zstd", await writer.AddManifestAsync(ImagePlatform.Current, zstd));
        var odd = await TestImages.AddAsync(writer, OddLayers.All);
        await writer.TagAsync("odd", odd);
        await writer.TagAsync("odd-zstd", await TestImages.AddAsync(writer, OddLayers.All, LayerForm.Zstd));
        var other = new ImagePlatform("linux", ImagePlatform.Current.Architecture == "arm64" ? "amd64" : "arm64");
        await writer.TagAsync("multi", await writer.AddIndexAsync(
        [
            await TestImages.AddAsync(writer, [], platform: new ImagePlatform("unknown", "unknown")),
            await TestImages.AddAsync(writer, OddLayers.All, platform: other),
            image.ManifestDescriptor with { Platform = ImagePlatform.Current },
        ]));
    }

    private static async Task CompressMembersAsync(string source, string target)
    {
        await using var plain = File.OpenRead(source);
        await using var compressed = File.Create(target);
        var buffer = new byte[MemberBytes];
        while (await plain.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false) is > 0 and var read)
        {
            await compressed.WriteAsync(BlobForms.Gzip(buffer.AsSpan(0, read)));
        }
    }

    private static Task RepackAsync(string layout, string bundle) =>
        RunAsync("umoci", "repack", "--refresh-bundle", "--image", $"{layout}:v1", bundle);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        var run = await ProgramRun.OfAsync(new ProgramStart(program, arguments)
        {
            Timeout = TimeSpan.FromMinutes(10),
            Environment = new Dictionary<string, string?> { ["DEBIAN_FRONTEND"] = "noninteractive", ["LC_ALL"] = "C.UTF-8" },
        });
        TestContext.Current.SendDiagnosticMessage($"{program} {arguments[0]}: {clock.Elapsed.TotalSeconds:F1} s");
        run.Succeeded();
    }

    // What a chroot leaves behind has devices and foreign owners in it; nothing is mounted there.
    private static Task DeleteTreeAsync(string path) => RunAsync("rm", "-rf", "--one-file-system", path);

    private static async Task<FileStream> LockAsync(string path)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(200, TestContext.Current.CancellationToken);
            }
        }
    }
}
