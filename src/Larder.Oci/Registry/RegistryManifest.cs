using Larder.Oci.References;

namespace Larder.Oci.Registry;

/// <summary>A manifest or index as a registry gave it.</summary>
/// <param name="Content">Its bytes; they have the digest.</param>
/// <param name="Digest">Its digest, computed here.</param>
/// <param name="MediaType">What the registry calls it; null when it does not say.</param>
public sealed record RegistryManifest(byte[] Content, OciDigest Digest, string? MediaType);
