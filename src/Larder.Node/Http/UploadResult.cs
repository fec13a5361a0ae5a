using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Node.Http;

/// <summary>How an upload ended.</summary>
/// <param name="Outcome">How the store took it.</param>
/// <param name="Detail">A word that says more than the outcome, or null.</param>
/// <param name="Digest">The digest of what is stored; default when nothing is.</param>
/// <param name="IsEndless">Whether the body went on past its limit, so that its end is not waited for.</param>
internal readonly record struct UploadResult(
    PutOutcome Outcome, string? Detail = null, Fingerprint Digest = default, bool IsEndless = false)
{
    /// <summary>Whether the artifact can be read now.</summary>
    public bool IsReadable => Outcome is PutOutcome.Stored or PutOutcome.AlreadyPresent;

    /// <summary>Why nothing was stored, as a word for headers and JSON.</summary>
    public string Reason => Detail ?? Outcome switch
    {
        PutOutcome.NotAdmitted => "not-admitted",
        PutOutcome.TooLarge => "too-large",
        PutOutcome.NoSpace => "no-space",
        PutOutcome.DigestMismatch => "digest-mismatch",
        PutOutcome.Disabled => "disabled",
        PutOutcome.Unavailable => "unavailable",
        _ => "none",
    };
}
