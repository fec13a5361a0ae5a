namespace Larder.Cache.Artifacts;

/// <summary>The media of the cache, from the upper tier to the lower, and the fill below them.</summary>
public enum TierKind : byte
{
    /// <summary>No tier.</summary>
    None,

    /// <summary>This process's memory.</summary>
    Memory,

    /// <summary>A local directory.</summary>
    Disk,

    /// <summary>A store shared with other nodes.</summary>
    Remote,

    /// <summary>Made just now by the caller's fill.</summary>
    Fill,
}
