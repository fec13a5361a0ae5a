using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>Writes images into an OCI image layout on disk: blobs, manifests, an index of platforms, names.</summary>
/// <remarks>For one writer at a time. Files appear whole: they are written aside and renamed.</remarks>
public sealed class LayoutWriter
{
    private const int BufferBytes = 128 * 1024;

    private readonly string _directory;
    private readonly LayoutImageSource _source;

    private LayoutWriter(string directory)
    {
        _directory = directory;
        _source = new LayoutImageSource(directory);
    }

    /// <summary>Opens a layout for writing, and makes it when it is not there.</summary>
    /// <param name="directory">The directory; it is created.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<LayoutWriter> OpenAsync(string directory, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Directory.CreateDirectory(Path.Combine(directory, LayoutImageSource.BlobsFolder, "sha256"));
        var writer = new LayoutWriter(directory);
        await writer.PutFileAsync(LayoutImageSource.MarkFile, """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray(), cancellationToken)
            .ConfigureAwait(false);
        if (!File.Exists(writer.IndexPath))
        {
            await writer.PutIndexAsync([], cancellationToken).ConfigureAwait(false);
        }

        return writer;
    }

    private string IndexPath => Path.Combine(_directory, LayoutImageSource.IndexFile);

    /// <summary>Stores bytes by their digest.</summary>
    /// <param name="mediaType">What they are.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What a manifest says of them.</returns>
    public async ValueTask<Descriptor> AddBlobAsync(
        string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        var digest = OciDigest.Of(content.Span);
        var path = _source.PathOf(digest);
        if (!File.Exists(path))
        {
            await PutFileAsync(Path.GetRelativePath(_directory, path), content, cancellationToken).ConfigureAwait(false);
        }

        return new Descriptor { MediaType = mediaType, Digest = digest, Size = content.Length };
    }

    /// <summary>Stores what a stream gives by its digest, without holding it in memory.</summary>
    /// <param name="mediaType">What it is.</param>
    /// <param name="content">Read to its end.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What a manifest says of it.</returns>
    public async ValueTask<Descriptor> AddBlobAsync(string mediaType, Stream content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var aside = Path.Combine(_directory, LayoutImageSource.BlobsFolder, $".{Guid.NewGuid():N}");
        try
        {
            var (digest, length) = await CopyAsync(content, aside, cancellationToken).ConfigureAwait(false);
            File.Move(aside, _source.PathOf(digest), overwrite: true);
            return new Descriptor { MediaType = mediaType, Digest = digest, Size = length };
        }
        finally
        {
            File.Delete(aside);
        }
    }

    /// <summary>Stores a manifest with its configuration.</summary>
    /// <param name="platform">What the image runs on.</param>
    /// <param name="layers">Blobs that were added, lowest first, each with the digest of what is in it.</param>
    /// <param name="docker">Whether to write Docker's media types instead of OCI's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What an index says of it, its platform included.</returns>
    public async ValueTask<Descriptor> AddManifestAsync(
        ImagePlatform platform, IReadOnlyList<ImageLayer> layers, bool docker = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(layers);
        var configuration = new ManifestDocuments.Configuration
        {
            Architecture = platform.Architecture,
            Os = platform.Os,
            Variant = platform.Variant,
            Config = new ManifestDocuments.Run { Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] },
            RootFs = new ManifestDocuments.RootFileSystem
            {
                Type = "layers",
                DiffIds = [.. layers.Select(static layer => layer.DiffId.ToString())],
            },
        };
        var config = await AddBlobAsync(
            docker ? MediaTypes.DockerConfig : MediaTypes.OciConfig,
            JsonSerializer.SerializeToUtf8Bytes(configuration, ManifestJson.Default.Configuration),
            cancellationToken).ConfigureAwait(false);
        var type = docker ? MediaTypes.DockerManifest : MediaTypes.OciManifest;
        var manifest = new ManifestDocuments.Document
        {
            SchemaVersion = 2,
            MediaType = type,
            Config = EntryOf(config),
            Layers = [.. layers.Select(static layer => EntryOf(layer.Blob))],
        };
        var descriptor = await AddBlobAsync(
            type, JsonSerializer.SerializeToUtf8Bytes(manifest, ManifestJson.Default.Document), cancellationToken).ConfigureAwait(false);
        return descriptor with { Platform = platform };
    }

    /// <summary>Stores an index of several platforms.</summary>
    /// <param name="manifests">Manifests that were added, with their platforms.</param>
    /// <param name="docker">Whether to write Docker's manifest list instead of OCI's index.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<Descriptor> AddIndexAsync(
        IReadOnlyList<Descriptor> manifests, bool docker = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifests);
        var type = docker ? MediaTypes.DockerManifestList : MediaTypes.OciIndex;
        return AddBlobAsync(type, IndexOf(type, manifests), cancellationToken);
    }

    /// <summary>Gives a manifest or index a name, in place of what had it.</summary>
    /// <param name="name">The name, as in <c>oci:DIRECTORY:NAME</c>.</param>
    /// <param name="descriptor">What was added.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask TagAsync(string name, Descriptor descriptor, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(descriptor);
        var content = await File.ReadAllBytesAsync(IndexPath, cancellationToken).ConfigureAwait(false);
        var index = (ImageIndex)ManifestReader.Read(content, MediaTypes.OciIndex, IndexPath);
        var others = index.Manifests.Where(entry => entry.Annotations.GetValueOrDefault(LayoutImageSource.NameAnnotation) != name);
        var annotations = descriptor.Annotations.SetItem(LayoutImageSource.NameAnnotation, name);
        await PutIndexAsync([.. others, descriptor with { Annotations = annotations }], cancellationToken).ConfigureAwait(false);
    }

    private static byte[] IndexOf(string mediaType, IEnumerable<Descriptor> manifests) => JsonSerializer.SerializeToUtf8Bytes(
        new ManifestDocuments.Document { SchemaVersion = 2, MediaType = mediaType, Manifests = [.. manifests.Select(EntryOf)] },
        ManifestJson.Default.Document);

    private static ManifestDocuments.Entry EntryOf(Descriptor descriptor) => new()
    {
        MediaType = descriptor.MediaType,
        Digest = descriptor.Digest.ToString(),
        Size = descriptor.Size,
        Platform = descriptor.Platform is { } platform
            ? new ManifestDocuments.PlatformEntry { Os = platform.Os, Architecture = platform.Architecture, Variant = platform.Variant }
            : null,
        Annotations = descriptor.Annotations.IsEmpty ? null : descriptor.Annotations.ToDictionary(static pair => pair.Key, string? (pair) => pair.Value),
    };

    private static async ValueTask<(OciDigest Digest, long Length)> CopyAsync(
        Stream content, string path, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous);
        await using (file.ConfigureAwait(false))
        {
            try
            {
                while (await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
                {
                    hash.AppendData(buffer, 0, read);
                    await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            return (OciDigest.FromHash(OciDigestAlgorithm.Sha256, hash.GetHashAndReset()), file.Length);
        }
    }

    private ValueTask PutIndexAsync(IEnumerable<Descriptor> manifests, CancellationToken cancellationToken) =>
        PutFileAsync(LayoutImageSource.IndexFile, IndexOf(MediaTypes.OciIndex, manifests), cancellationToken);

    private async ValueTask PutFileAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_directory, name);
        var aside = $"{path}.{Guid.NewGuid():N}";
        await File.WriteAllBytesAsync(aside, content, cancellationToken).ConfigureAwait(false);
        File.Move(aside, path, overwrite: true);
    }
}
