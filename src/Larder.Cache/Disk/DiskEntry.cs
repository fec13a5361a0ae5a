using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Disk;

/// <summary>One entry of the index, for people.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Length">Payload length in bytes.</param>
/// <param name="Weight">What it takes from the capacity, in bytes.</param>
/// <param name="Digest">Digest of the payload, where it is known without reading the file.</param>
/// <param name="LastUsedAt">Last use by this machine's wall clock, to the second.</param>
/// <param name="Form">How it lies on disk.</param>
public readonly record struct DiskEntry(
    ArtifactKey Key, long Length, long Weight, Fingerprint? Digest, DateTimeOffset LastUsedAt, DiskForm Form);
