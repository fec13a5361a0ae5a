using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>The manifest or index that a reference stands for.</summary>
/// <param name="Content">Its bytes; they have the digest.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="MediaType">What the source calls it; null when it does not say.</param>
/// <param name="IsPinned">Whether the source could not be asked and this is what the tag stood for last time.</param>
internal sealed record RootManifest(byte[] Content, OciDigest Digest, string? MediaType, bool IsPinned = false);
