using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Registry;

namespace Larder.Oci.Sources;

/// <summary>A repository in a registry.</summary>
/// <remarks>
/// Manifests and configurations are kept in the cache by their digest, and what tags stood for in a small file. So a
/// digest that was seen before needs no request, a tag one; and a tag whose registry cannot be reached stands for what it
/// stood for last time.
/// </remarks>
public sealed class RegistryImageSource : IImageSource, IManifestOrigin
{
    private readonly RegistryClient _client;
    private readonly ImageReference _repository;
    private readonly ManifestStore _store;
    private readonly TagPins? _pins;
    private readonly TagInquiry? _inquiry;

    /// <summary>Creates the source of a repository. Nothing is sent yet.</summary>
    /// <param name="client">Speaks to the registry; stays the caller's.</param>
    /// <param name="repository">Any reference into the repository.</param>
    /// <param name="cache">Keeps manifests; null for none.</param>
    /// <param name="pins">Remembers tags; null for nothing.</param>
    public RegistryImageSource(RegistryClient client, ImageReference repository, TieredCache? cache = null, TagPins? pins = null)
        : this(client, repository, cache, pins, inquiry: null)
    {
    }

    internal RegistryImageSource(RegistryClient client, ImageReference repository, TieredCache? cache, TagPins? pins, TagInquiry? inquiry)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(repository);
        if (repository.IsLayout)
        {
            throw new ArgumentException($"{repository} is no reference to a registry.", nameof(repository));
        }

        _client = client;
        _repository = repository;
        _store = new ManifestStore(cache);
        _pins = pins;
        _inquiry = inquiry;
        Name = $"{repository.Registry}/{repository.Repository}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async ValueTask<ResolvedImage> ResolveAsync(
        ImageReference reference, ImagePlatform? platform, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (!reference.IsSameRepository(_repository))
        {
            throw new ArgumentException($"{reference} is not in {Name}.", nameof(reference));
        }

        var image = await ImageResolver.ResolveAsync(this, reference, platform, cancellationToken).ConfigureAwait(false);
        if (_pins is not null && !image.IsPinned)
        {
            await _pins.RememberAsync(image, cancellationToken).ConfigureAwait(false);
        }

        return image;
    }

    /// <summary>
    /// What a tag stood for last time, from what the cache has, asking nobody: what <see cref="ResolveAsync"/> will most likely say,
    /// to begin with what that takes.
    /// </summary>
    /// <param name="reference">The tag.</param>
    /// <param name="platform">As for <see cref="ResolveAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when that is not remembered, or not all of it is there; and for a digest, which is resolved without asking.</returns>
    public async ValueTask<ResolvedImage?> RecallAsync(
        ImageReference reference, ImagePlatform? platform, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (reference.Digest is not null || _pins is null
            || await _pins.FindAsync(reference, cancellationToken).ConfigureAwait(false) is not { } pin
            || await _store.FindAsync(pin, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return null;
        }

        try
        {
            var memory = new Recollection(_store, new RootManifest(content, pin, null, IsPinned: true), Name);
            return await ImageResolver.ResolveAsync(memory, reference, platform, cancellationToken).ConfigureAwait(false);
        }
        catch (OciException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Stream> OpenBlobAsync(Descriptor blob, ByteRange? range, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(blob);
        var part = BlobRange.Checked(blob, range);
        var body = await _client.OpenBlobAsync(_repository, blob, part, cancellationToken).ConfigureAwait(false);
        return new ExactStream(body, part.Length, range is null ? blob.Digest : null, $"Blob {blob.Digest} of {Name}", body.Distrust);
    }

    async ValueTask<RootManifest> IManifestOrigin.ReadRootAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        if (reference.Digest is { } digest)
        {
            return await _store.FindAsync(digest, cancellationToken).ConfigureAwait(false) is { } known
                ? new RootManifest(known, digest, null)
                : await FetchAsync(reference, cancellationToken).ConfigureAwait(false);
        }

        var pinned = _pins is null ? null : await _pins.FindAsync(reference, cancellationToken).ConfigureAwait(false);
        var last = pinned is { } pin ? await _store.FindAsync(pin, cancellationToken).ConfigureAwait(false) : null;
        if (last is null)
        {
            return await FetchAsync(reference, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            // What is probably still right is only asked for by name.
            var now = await FindDigestAsync(reference, cancellationToken).ConfigureAwait(false);
            if (now == pinned)
            {
                return new RootManifest(last, now!.Value, null); // Not null: it equals the pin, for which there is content.
            }

            return now is { } moved && await _store.FindAsync(moved, cancellationToken).ConfigureAwait(false) is { } content
                ? new RootManifest(content, moved, null)
                : await FetchAsync(reference, cancellationToken).ConfigureAwait(false);
        }
        catch (OciException exception) when (exception.Kind == OciErrorKind.Unavailable)
        {
            return new RootManifest(last, pinned!.Value, null, IsPinned: true); // Not null: there is content for it.
        }
    }

    async ValueTask<byte[]> IManifestOrigin.ReadManifestAsync(Descriptor descriptor, CancellationToken cancellationToken)
    {
        var content = await _store.FindAsync(descriptor.Digest, cancellationToken).ConfigureAwait(false);
        if (content is null)
        {
            var reference = _repository.WithDigest(descriptor.Digest);
            content = (await FetchAsync(reference, cancellationToken).ConfigureAwait(false)).Content;
        }

        return content.Length == descriptor.Size
            ? content
            : throw new OciException(
                OciErrorKind.DigestMismatch, $"The manifest {descriptor.Digest} of {Name} has {content.Length} bytes, but {descriptor.Size} are announced.");
    }

    async ValueTask<byte[]> IManifestOrigin.ReadConfigAsync(Descriptor descriptor, CancellationToken cancellationToken)
    {
        if (await _store.FindAsync(descriptor.Digest, cancellationToken).ConfigureAwait(false) is { } known && known.Length == descriptor.Size)
        {
            return known;
        }

        var content = new byte[descriptor.Size];
        var blob = await OpenBlobAsync(descriptor, null, cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            await blob.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
        }

        await _store.KeepAsync(descriptor.Digest, content, cancellationToken).ConfigureAwait(false);
        return content;
    }

    private async ValueTask<OciDigest?> FindDigestAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var (asked, digest) = _inquiry is null ? default : await _inquiry.TakeAsync(reference, cancellationToken).ConfigureAwait(false);
        return asked ? digest : await _client.FindDigestAsync(reference, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<RootManifest> FetchAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var fetched = await _client.GetManifestAsync(reference, cancellationToken).ConfigureAwait(false);
        await _store.KeepAsync(fetched.Digest, fetched.Content, cancellationToken).ConfigureAwait(false);
        return new RootManifest(fetched.Content, fetched.Digest, fetched.MediaType);
    }

    /// <summary>What the cache has, and nothing else.</summary>
    private sealed class Recollection(ManifestStore store, RootManifest root, string name) : IManifestOrigin
    {
        public string Name => name;

        public ValueTask<RootManifest> ReadRootAsync(ImageReference reference, CancellationToken cancellationToken) => new(root);

        public ValueTask<byte[]> ReadManifestAsync(Descriptor descriptor, CancellationToken cancellationToken) =>
            ReadAsync(descriptor, cancellationToken);

        public ValueTask<byte[]> ReadConfigAsync(Descriptor descriptor, CancellationToken cancellationToken) =>
            ReadAsync(descriptor, cancellationToken);

        private async ValueTask<byte[]> ReadAsync(Descriptor descriptor, CancellationToken cancellationToken) =>
            await store.FindAsync(descriptor.Digest, cancellationToken).ConfigureAwait(false) is { } content && content.Length == descriptor.Size
                ? content
                : throw new OciException(OciErrorKind.Unavailable, $"{descriptor.Digest} of {name} is not here.");
    }
}
