using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>An OCI image layout on disk: a directory with <c>oci-layout</c>, <c>index.json</c> and <c>blobs/</c>.</summary>
/// <remarks>Source: OCI image specification, image layout.</remarks>
public sealed class LayoutImageSource : IImageSource, IManifestOrigin
{
    internal const string MarkFile = "oci-layout";
    internal const string IndexFile = "index.json";
    internal const string BlobsFolder = "blobs";

    /// <summary>The annotation that names an entry of <c>index.json</c>.</summary>
    internal const string NameAnnotation = "org.opencontainers.image.ref.name";

    private const int BufferBytes = 64 * 1024;

    private readonly string _directory;

    /// <summary>Opens a layout. Nothing is read yet.</summary>
    /// <param name="directory">The directory with <c>oci-layout</c> in it.</param>
    public LayoutImageSource(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _directory = directory;
        Name = $"oci:{directory}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ValueTask<ResolvedImage> ResolveAsync(
        ImageReference reference, ImagePlatform? platform, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.IsLayout && reference.Repository == _directory
            ? ImageResolver.ResolveAsync(this, reference, platform, cancellationToken)
            : throw new ArgumentException($"{reference} is not in {Name}.", nameof(reference));
    }

    /// <inheritdoc/>
    public ValueTask<Stream> OpenBlobAsync(Descriptor blob, ByteRange? range, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(blob);
        cancellationToken.ThrowIfCancellationRequested();
        var part = BlobRange.Checked(blob, range);
        var what = $"Blob {blob.Digest} of {Name}";
        var file = OpenBlob(blob, what);
        file.Position = part.Offset;
        return new ValueTask<Stream>(new ExactStream(file, part.Length, range is null ? blob.Digest : null, what));
    }

    /// <summary>The path of a blob.</summary>
    internal string PathOf(OciDigest digest) => Path.Combine(
        _directory, BlobsFolder, digest.Algorithm == OciDigestAlgorithm.Sha256 ? "sha256" : "sha512", digest.Hex);

    async ValueTask<RootManifest> IManifestOrigin.ReadRootAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var mark = await ReadFileAsync(Path.Combine(_directory, MarkFile), 4096, cancellationToken).ConfigureAwait(false);
        if (!ManifestReader.IsLayoutMark(mark, $"{MarkFile} of {Name}"))
        {
            throw new OciException(OciErrorKind.Unsupported, $"{Name} is a layout of another version than 1.");
        }

        var what = $"{IndexFile} of {Name}";
        var content = await ReadFileAsync(Path.Combine(_directory, IndexFile), ManifestLimits.MaxManifestBytes, cancellationToken)
            .ConfigureAwait(false);
        if (ManifestReader.Read(content, MediaTypes.OciIndex, what) is not ImageIndex index)
        {
            throw new OciException(OciErrorKind.InvalidManifest, $"{what} is malformed: it is no index.");
        }

        if (Find(index, reference) is not { } entry)
        {
            // Several images without names, one for each platform: the file itself is the index.
            return new RootManifest(content, OciDigest.Of(content), MediaTypes.OciIndex);
        }

        var root = await ((IManifestOrigin)this).ReadManifestAsync(entry, cancellationToken).ConfigureAwait(false);
        return new RootManifest(root, entry.Digest, entry.MediaType);
    }

    ValueTask<byte[]> IManifestOrigin.ReadManifestAsync(Descriptor descriptor, CancellationToken cancellationToken) =>
        ReadBlobAsync(descriptor, ManifestLimits.MaxManifestBytes, cancellationToken);

    ValueTask<byte[]> IManifestOrigin.ReadConfigAsync(Descriptor descriptor, CancellationToken cancellationToken) =>
        ReadBlobAsync(descriptor, ManifestLimits.MaxConfigBytes, cancellationToken);

    private Descriptor? Find(ImageIndex index, ImageReference reference)
    {
        if (reference.Digest is { } digest)
        {
            return index.Manifests.FirstOrDefault(entry => entry.Digest == digest) ?? Unlisted(digest);
        }

        if (reference.Tag is null)
        {
            var names = index.Manifests.Select(NameOf).OfType<string>().Distinct().ToArray();
            return index.Manifests.Length == 1
                ? index.Manifests[0]
                : index.Manifests.Length > 1 && names.Length == 0 ? null : throw Unnamed(names);
        }

        return index.Manifests.FirstOrDefault(entry => NameOf(entry) == reference.Tag)
            ?? throw new OciException(
                OciErrorKind.NotFound,
                $"{Name} has no image '{Printable.Shorten(reference.Tag)}'; it has {Listed(index.Manifests.Select(NameOf).OfType<string>())}.");
    }

    // A digest may name a manifest that only an index of an index lists.
    private Descriptor Unlisted(OciDigest digest)
    {
        var file = new FileInfo(PathOf(digest));
        return file.Exists
            ? new Descriptor { MediaType = string.Empty, Digest = digest, Size = file.Length }
            : throw new OciException(OciErrorKind.NotFound, $"{Name} has no manifest {digest}.");
    }

    private OciException Unnamed(string[] names) => new(
        OciErrorKind.NotFound,
        names.Length == 0 ? $"{Name} is empty." : $"Say which image of {Name} you mean with oci:DIRECTORY:NAME; it has {Listed(names)}.");

    private static string Listed(IEnumerable<string> names)
    {
        var shown = names.Distinct().Take(20).Select(static name => Printable.Shorten(name, 60)).ToArray();
        return shown.Length == 0 ? "no names" : string.Join(", ", shown);
    }

    private static string? NameOf(Descriptor entry) => entry.Annotations.GetValueOrDefault(NameAnnotation);

    private async ValueTask<byte[]> ReadBlobAsync(Descriptor descriptor, int limit, CancellationToken cancellationToken)
    {
        if (descriptor.Size > limit)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded, $"{descriptor.Digest} of {Name} has {descriptor.Size} bytes; {limit} are the limit.");
        }

        var content = new byte[descriptor.Size];
        var blob = await OpenBlobAsync(descriptor, null, cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            await blob.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
            return content;
        }
    }

    private async ValueTask<byte[]> ReadFileAsync(string path, int limit, CancellationToken cancellationToken)
    {
        var what = $"{Path.GetFileName(path)} of {Name}";
        var file = Open(path, what);
        await using (file.ConfigureAwait(false))
        {
            if (file.Length > limit)
            {
                throw new OciException(OciErrorKind.LimitExceeded, $"{what} has {file.Length} bytes; {limit} are the limit.");
            }

            var content = new byte[file.Length];
            await file.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
            return content;
        }
    }

    private FileStream OpenBlob(Descriptor blob, string what)
    {
        var file = Open(PathOf(blob.Digest), what);
        var length = file.Length;
        if (length == blob.Size)
        {
            return file;
        }

        file.Dispose();
        throw new OciException(OciErrorKind.DigestMismatch, $"{what} has {length} bytes, but {blob.Size} are announced.");
    }

    private FileStream Open(string path, string what)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes, FileOptions.Asynchronous);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new OciException(
                OciErrorKind.NotFound,
                Directory.Exists(_directory) ? $"{what} is not there." : $"{Name} is not there: there is no such directory.",
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OciException(OciErrorKind.Storage, $"{what} cannot be read: {exception.Message}", exception);
        }
    }
}
