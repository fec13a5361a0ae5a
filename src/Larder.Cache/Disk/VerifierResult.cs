using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

/// <summary>How a verification ended.</summary>
internal enum VerifierOutcome : byte
{
    /// <summary>Every byte is as it was written.</summary>
    Verified,

    /// <summary>The file ends without a footer: a raw payload, or a damaged framed entry.</summary>
    Unframed,

    /// <summary>Something is not as it was written.</summary>
    Damaged,

    /// <summary>The file changed while it was read.</summary>
    Changed,

    /// <summary>Not a plain file: none of ours.</summary>
    Foreign,

    /// <summary>The medium failed; nothing is known of the bytes.</summary>
    Failed,
}

/// <summary>The outcome of a verification, with what was learnt.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Error">Why the medium failed.</param>
/// <param name="Metadata">Describes the payload when it is verified.</param>
/// <param name="Verification">The proof when it is verified.</param>
internal readonly record struct VerifierResult(
    VerifierOutcome Outcome,
    Errno Error = Errno.None,
    ArtifactMetadata? Metadata = null,
    Verification? Verification = null);
