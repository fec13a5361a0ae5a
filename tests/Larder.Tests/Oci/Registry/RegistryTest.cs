using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Registry;
using Larder.Oci.Sources;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Registry;

/// <summary>What the tests of the registry client have in common.</summary>
public abstract class RegistryTest : IAsyncLifetime
{
    private readonly List<IDisposable> _disposed = [];

    /// <summary>A layer of some size, which does not compress.</summary>
    protected static byte[] Layer { get; } = MakeLayer();

    internal FakeRegistry Registry { get; private set; } = null!;

    internal TestFolder Folder { get; } = new();

    /// <summary>Short waits; limits that a loaded machine keeps.</summary>
    protected virtual RegistryOptions Options => new()
    {
        DockerConfigDirectory = Folder.Path,
        RetryDelay = TimeSpan.FromMilliseconds(10),
        FirstByteTimeout = TimeSpan.FromSeconds(60),
        IdleTimeout = TimeSpan.FromSeconds(60),
        HelperTimeout = TimeSpan.FromSeconds(60),
        UseProxy = false,
    };

    public async ValueTask InitializeAsync() => Registry = await FakeRegistry.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _disposed.ForEach(static item => item.Dispose());
        await Registry.DisposeAsync();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected ImageReference Reference(string text = "app:v1") => ImageReference.Parse($"{Registry.Host}/{text}");

    private protected RegistryImageSource Open(ImageReference? reference = null, RegistryOptions? options = null)
    {
        var client = new RegistryClient(options ?? Options);
        _disposed.Add(client);
        return new RegistryImageSource(client, reference ?? Reference());
    }

    private protected RegistryOptions WithMirrors(params string[] mirrors) => Options with
    {
        Hosts = Options.Hosts.Add(Registry.Host, new RegistryHostOptions { Mirrors = [.. mirrors] }),
    };

    protected static async Task<byte[]> ReadAsync(IImageSource source, Descriptor blob, ByteRange? range = null)
    {
        await using var stream = await source.OpenBlobAsync(blob, range, default);
        var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        return copy.ToArray();
    }

    private static byte[] MakeLayer()
    {
        var bytes = new byte[1_000_000];
        new Random(7).NextBytes(bytes);
        return new TarBuilder().File("random", bytes).ToArray();
    }
}
