using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Oci;
using Larder.Oci.Layers;
using Larder.Oci.Manifests;
using Larder.Oci.Mounting;
using Larder.Oci.References;
using Larder.Oci.Sources;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Images;

/// <summary>The cache of layers, opened for a command, and the way to images.</summary>
internal sealed class ImageSession : IAsyncDisposable
{
    private readonly ImageSettings _settings;
    private readonly ILogger _logger;
    private readonly ImageSources _sources;

    private ImageSession(ImageSettings settings, TieredCache cache, ImageSources sources, ILogger logger)
    {
        _settings = settings;
        _logger = logger;
        Cache = cache;
        Layers = new LayerStore(cache);
        _sources = sources;
    }

    /// <summary>The cache.</summary>
    public TieredCache Cache { get; }

    /// <summary>What is in layers.</summary>
    public LayerStore Layers { get; }

    /// <summary>What tags stood for when they were looked up last.</summary>
    public TagPins Pins => _sources.Pins!; // Not null: they are always given.

    /// <summary>What is remembered of tags beside a cache.</summary>
    /// <param name="cacheDirectory">The cache directory; the file begins with a dot, so that it is no kind of artifact.</param>
    public static TagPins PinsOf(string cacheDirectory) => new(Path.Combine(cacheDirectory, ".images.json"));

    /// <summary>Opens the cache; beside another process that has it open, it is shared.</summary>
    /// <param name="settings">Where, and how images are got.</param>
    /// <param name="loggers">Where failures are told.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="first">The image that will be opened first: its registry is asked meanwhile. Null for nobody.</param>
    /// <exception cref="CacheException">The directory cannot be opened.</exception>
    /// <exception cref="CommandException">The remote tier's address is wrong.</exception>
    public static async Task<ImageSession> OpenAsync(
        ImageSettings settings, ILoggerFactory loggers, CancellationToken cancellationToken, string? first = null)
    {
        Directory.CreateDirectory(settings.CacheDirectory);
        var sources = new ImageSources(settings.Registries, PinsOf(settings.CacheDirectory));
        try
        {
            if (first is not null)
            {
                sources.Ask(ImageReference.Parse(first));
            }

            var cache = await OpenCacheAsync(settings, loggers, cancellationToken).ConfigureAwait(false);
            return new ImageSession(settings, cache, sources, loggers.CreateLogger("images"));
        }
        catch
        {
            sources.Dispose();
            throw;
        }
    }

    /// <summary>Finds an image.</summary>
    /// <exception cref="OciException">There is none, or it cannot be had.</exception>
    public async Task<(IImageSource Source, ResolvedImage Image)> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var source = _sources.Open(reference, Cache);
        return (source, await source.ResolveAsync(reference, Platform(), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Opens an image: finds it, gets the indexes of its layers, and merges them. While a registry is asked, what the tag stood for
    /// last time is opened, which is mostly what it still stands for.
    /// </summary>
    /// <exception cref="OciException">There is none, or it cannot be had.</exception>
    public async Task<OpenedImage> OpenImageAsync(string reference, CancellationToken cancellationToken)
    {
        var parsed = ImageReference.Parse(reference);
        var source = _sources.Open(parsed, Cache);
        var recalled = source is RegistryImageSource registry
            ? await registry.RecallAsync(parsed, Platform(), cancellationToken).ConfigureAwait(false)
            : null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var early = recalled is null ? null : Task.Run(() => OpenedImage.OpenAsync(Layers, source, recalled, _logger, stop.Token), stop.Token);
        try
        {
            var image = await source.ResolveAsync(parsed, Platform(), cancellationToken).ConfigureAwait(false);
            if (early is not null && image.ManifestDescriptor.Digest == recalled!.ManifestDescriptor.Digest)
            {
                return (await early.ConfigureAwait(false)).As(image);
            }

            await EndAsync(early, stop).ConfigureAwait(false);
            early = null;
            return await OpenedImage.OpenAsync(Layers, source, image, _logger, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await EndAsync(early, stop).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Layers.DisposeAsync().ConfigureAwait(false);
        _sources.Dispose();
        await Cache.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task EndAsync(Task? early, CancellationTokenSource stop)
    {
        if (early is { IsCompleted: false })
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await early.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private ImagePlatform? Platform() => _settings.Platform is { } text ? ImagePlatform.Parse(text) : null;

    private static async Task<TieredCache> OpenCacheAsync(ImageSettings settings, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var options = new CacheOptions
        {
            Memory = null,
            Disk = new DiskTierOptions
            {
                Directory = settings.CacheDirectory,
                CapacityBytes = settings.CapacityBytes,
                Mode = settings.SharesCache ? DiskTierMode.Shared : DiskTierMode.Owner,
            },
            Remote = settings.Remote is { } remote ? RemoteAddress.Parse(remote, Environment.GetEnvironmentVariable("LARDER_IMAGE_REMOTE_TOKEN")) : null,
            Kinds = ManifestKinds.Complete(LayerKinds.Complete(new CacheOptions().Kinds)),
        };
        try
        {
            return await TieredCache.OpenAsync(options, loggers: loggers, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException e) when (e.Kind == CacheErrorKind.Locked)
        {
            options = options with { Disk = options.Disk with { Mode = DiskTierMode.Shared } };
            return await TieredCache.OpenAsync(options, loggers: loggers, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
    }
}
