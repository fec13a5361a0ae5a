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

    private ImageSession(ImageSettings settings, TieredCache cache, ILogger logger)
    {
        _settings = settings;
        _logger = logger;
        Cache = cache;
        Layers = new LayerStore(cache);
        Pins = PinsOf(settings.CacheDirectory);
        _sources = new ImageSources(settings.Registries, cache, Pins);
    }

    /// <summary>The cache.</summary>
    public TieredCache Cache { get; }

    /// <summary>What is in layers.</summary>
    public LayerStore Layers { get; }

    /// <summary>What tags stood for when they were looked up last.</summary>
    public TagPins Pins { get; }

    /// <summary>What is remembered of tags beside a cache.</summary>
    /// <param name="cacheDirectory">The cache directory; the file begins with a dot, so that it is no kind of artifact.</param>
    public static TagPins PinsOf(string cacheDirectory) => new(Path.Combine(cacheDirectory, ".images.json"));

    /// <summary>Opens the cache; beside another process that has it open, it is shared.</summary>
    /// <exception cref="CacheException">The directory cannot be opened.</exception>
    /// <exception cref="CommandException">The remote tier's address is wrong.</exception>
    public static async Task<ImageSession> OpenAsync(ImageSettings settings, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(settings.CacheDirectory);
        var cache = await OpenCacheAsync(settings, loggers, cancellationToken).ConfigureAwait(false);
        return new ImageSession(settings, cache, loggers.CreateLogger("images"));
    }

    /// <summary>Finds an image.</summary>
    /// <exception cref="OciException">There is none, or it cannot be had.</exception>
    public async Task<(IImageSource Source, ResolvedImage Image)> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var source = _sources.Open(reference);
        var platform = _settings.Platform is { } text ? ImagePlatform.Parse(text) : null;
        return (source, await source.ResolveAsync(reference, platform, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Opens an image: finds it, gets the indexes of its layers, and merges them.</summary>
    /// <exception cref="OciException">There is none, or it cannot be had.</exception>
    public async Task<OpenedImage> OpenImageAsync(string reference, CancellationToken cancellationToken)
    {
        var (source, image) = await ResolveAsync(ImageReference.Parse(reference), cancellationToken).ConfigureAwait(false);
        return await OpenedImage.OpenAsync(Layers, source, image, _logger, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Layers.DisposeAsync().ConfigureAwait(false);
        _sources.Dispose();
        await Cache.DisposeAsync().ConfigureAwait(false);
    }

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
