using Larder.Cache.Artifacts;

namespace Larder.Cli.Stores;

/// <summary>An artifact on its way into a store.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Content">The payload from its first byte; the caller disposes it.</param>
/// <param name="Metadata">Length and digest of the payload, and what to keep with it.</param>
internal sealed record ArtifactUpload(ArtifactKey Key, Stream Content, ArtifactMetadata Metadata);
