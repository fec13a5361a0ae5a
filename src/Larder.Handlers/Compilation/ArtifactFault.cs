namespace Larder.Handlers.Compilation;

/// <summary>Why the bytes of a compiled handler are not used.</summary>
public enum ArtifactFault
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>They do not begin as a compiled handler does.</summary>
    NotAnArtifact,

    /// <summary>They are of a version that this Larder does not read.</summary>
    UnknownVersion,

    /// <summary>They end too early.</summary>
    Truncated,

    /// <summary>Their checksum does not hold.</summary>
    Damaged,

    /// <summary>A key is configured, and they carry no proof of it, or one of another key.</summary>
    NotAuthentic,

    /// <summary>They were compiled by another build of the engine.</summary>
    ForeignEngine,

    /// <summary>They were compiled with another wrapper, version tag or other options.</summary>
    ForeignOptions,

    /// <summary>They are another handler than the one that was asked for.</summary>
    ForeignSource,
}
