using Larder.Cache.Artifacts;

namespace Larder.Cli.Output;

/// <summary>Outcomes in words.</summary>
internal static class Words
{
    /// <summary>The outcome as one lower-case word with hyphens, for JSON.</summary>
    public static string Of(PutOutcome outcome) => outcome switch
    {
        PutOutcome.Stored => "stored",
        PutOutcome.AlreadyPresent => "already-present",
        PutOutcome.NotAdmitted => "not-admitted",
        PutOutcome.TooLarge => "too-large",
        PutOutcome.NoSpace => "no-space",
        PutOutcome.DigestMismatch => "digest-mismatch",
        PutOutcome.Disabled => "disabled",
        _ => "unavailable",
    };

    /// <summary>Reads what <see cref="Of(PutOutcome)"/> writes; unavailable for anything else.</summary>
    public static PutOutcome ToOutcome(string? word) =>
        Enum.GetValues<PutOutcome>().FirstOrDefault(outcome => Of(outcome) == word, PutOutcome.Unavailable);

    /// <summary>Why nothing was stored.</summary>
    public static string Why(PutOutcome outcome) => outcome switch
    {
        PutOutcome.NotAdmitted => "the cache prefers what it already holds; raise its capacity",
        PutOutcome.TooLarge => "it is larger than the cache or its limit for one entry",
        PutOutcome.NoSpace => "there is no room on the medium that may be freed now",
        PutOutcome.DigestMismatch => "its bytes do not have the digest that names them; leave --as out",
        PutOutcome.Disabled => "the tiers are switched off for this kind",
        _ => "no tier takes work now; the node's log says why",
    };
}
