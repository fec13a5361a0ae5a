namespace Larder.Cache.Artifacts;

/// <summary>How a put ended. Only <see cref="Stored"/> and <see cref="AlreadyPresent"/> leave the artifact readable.</summary>
public enum PutOutcome : byte
{
    /// <summary>Committed and visible.</summary>
    Stored,

    /// <summary>A verified entry with the same content was there already.</summary>
    AlreadyPresent,

    /// <summary>The policy preferred what it already holds.</summary>
    NotAdmitted,

    /// <summary>Larger than the tier, or than its limit for one entry.</summary>
    TooLarge,

    /// <summary>The medium has no room that may be freed now.</summary>
    NoSpace,

    /// <summary>A content-addressed artifact whose bytes do not have the digest that names them.</summary>
    DigestMismatch,

    /// <summary>The tier is switched off for this kind, or its capacity is zero.</summary>
    Disabled,

    /// <summary>The medium failed; the failure is counted and logged.</summary>
    Unavailable,
}
