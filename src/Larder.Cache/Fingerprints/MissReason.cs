namespace Larder.Cache.Fingerprints;

/// <summary>What a <see cref="MissExplanation"/> rests on.</summary>
public enum MissReason : byte
{
    /// <summary>No earlier recipe of the kind is remembered.</summary>
    NothingToCompare,

    /// <summary>The very same recipe was seen: the key is complete, the artifact is gone or was never stored.</summary>
    SeenBefore,

    /// <summary>The nearest earlier recipe differs in the listed parts.</summary>
    Differs,
}
