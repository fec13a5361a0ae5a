using Larder.Cache;
using Larder.Oci.References;
using Larder.Oci.Registry;

namespace Larder.Oci.Sources;

/// <summary>Opens the source that a reference names. Sources of one registry share connections and tokens.</summary>
/// <remarks>Safe for use by many threads. Sources must not be used after this is disposed.</remarks>
public sealed class ImageSources : IDisposable
{
    private readonly RegistryClient _client;
    private TagInquiry? _inquiry;

    /// <summary>Creates the factory. Nothing is sent yet.</summary>
    /// <param name="options">How registries are spoken to.</param>
    /// <param name="pins">Remembers what tags stood for; null for nothing.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <exception cref="OciException">An option is out of range.</exception>
    public ImageSources(RegistryOptions options, TagPins? pins = null, TimeProvider? timeProvider = null)
    {
        _client = new RegistryClient(options, timeProvider);
        Pins = pins;
    }

    /// <summary>What tags stood for; null when nothing is remembered.</summary>
    public TagPins? Pins { get; }

    /// <summary>
    /// Begins to ask what a tag stands for now, where it is remembered what it stood for: the first resolving of the reference then
    /// has its answer sooner, while what that needs besides is prepared. Nothing for other references.
    /// </summary>
    /// <param name="reference">The tag.</param>
    public void Ask(ImageReference reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (Pins is not null && !reference.IsLayout && reference.Digest is null)
        {
            _inquiry = TagInquiry.Begin(_client, Pins, reference);
        }
    }

    /// <summary>The repository of a reference. Nothing is sent or read yet.</summary>
    /// <param name="reference">Any reference into it.</param>
    /// <param name="cache">Keeps manifests and configurations; null for none.</param>
    public IImageSource Open(ImageReference reference, TieredCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.IsLayout
            ? new LayoutImageSource(reference.Repository)
            : new RegistryImageSource(_client, reference, cache, Pins, _inquiry);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
