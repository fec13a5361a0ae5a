namespace Larder.Cache.Artifacts;

/// <summary>How a lookup ended. Every lookup counts as exactly one of these.</summary>
public enum LookupOutcome : byte
{
    /// <summary>Nothing is stored under the key, or what was stored failed verification.</summary>
    Miss,

    /// <summary>Found and verified.</summary>
    Hit,

    /// <summary>Not looked up for load or a broken tier; nothing is known about presence.</summary>
    Throttled,
}
