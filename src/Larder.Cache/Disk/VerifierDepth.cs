namespace Larder.Cache.Disk;

/// <summary>How thoroughly an entry is verified. Blocks always are.</summary>
/// <param name="ContentAddressed">Whether the fingerprint must be the payload's digest; checks the digest too.</param>
/// <param name="Digest">Whether the payload's digest is computed and compared with the trailer's.</param>
/// <param name="Throttle">Slows reading down; null for none.</param>
internal readonly record struct VerifierDepth(bool ContentAddressed, bool Digest = false, ReadThrottle? Throttle = null);
