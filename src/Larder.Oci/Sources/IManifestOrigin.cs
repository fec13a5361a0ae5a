using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>Gives manifests and configurations, verified, to <see cref="ImageResolver"/>.</summary>
internal interface IManifestOrigin
{
    /// <summary>The repository, for messages.</summary>
    string Name { get; }

    /// <summary>Reads what the reference stands for.</summary>
    ValueTask<RootManifest> ReadRootAsync(ImageReference reference, CancellationToken cancellationToken);

    /// <summary>Reads a manifest that an index names.</summary>
    ValueTask<byte[]> ReadManifestAsync(Descriptor descriptor, CancellationToken cancellationToken);

    /// <summary>Reads a configuration.</summary>
    ValueTask<byte[]> ReadConfigAsync(Descriptor descriptor, CancellationToken cancellationToken);
}
