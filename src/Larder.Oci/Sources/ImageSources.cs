using Larder.Cache;
using Larder.Oci.References;
using Larder.Oci.Registry;

namespace Larder.Oci.Sources;

/// <summary>Opens the source that a reference names. Sources of one registry share connections and tokens.</summary>
/// <remarks>Safe for use by many threads. Sources must not be used after this is disposed.</remarks>
public sealed class ImageSources : IDisposable
{
    private readonly RegistryClient _client;
    private readonly TieredCache? _cache;

    /// <summary>Creates the factory. Nothing is sent yet.</summary>
    /// <param name="options">How registries are spoken to.</param>
    /// <param name="cache">Keeps manifests and configurations; null for none.</param>
    /// <param name="pins">Remembers what tags stood for; null for nothing.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <exception cref="OciException">An option is out of range.</exception>
    public ImageSources(RegistryOptions options, TieredCache? cache = null, TagPins? pins = null, TimeProvider? timeProvider = null)
    {
        _client = new RegistryClient(options, timeProvider);
        _cache = cache;
        Pins = pins;
    }

    /// <summary>What tags stood for; null when nothing is remembered.</summary>
    public TagPins? Pins { get; }

    /// <summary>The repository of a reference. Nothing is sent or read yet.</summary>
    public IImageSource Open(ImageReference reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.IsLayout
            ? new LayoutImageSource(reference.Repository)
            : new RegistryImageSource(_client, reference, _cache, Pins);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
