namespace Larder.Fuse;

/// <summary>How the kernel treats an opened file or directory.</summary>
[Flags]
public enum FuseOpenFlags
{
    /// <summary>Cached pages of earlier opens are dropped.</summary>
    None = 0,

    /// <summary>Every read comes to the file system; nothing is cached.</summary>
    DirectIo = 1,

    /// <summary>Pages cached by earlier opens stay valid: right for what never changes.</summary>
    KeepCache = 2,

    /// <summary>The file cannot be sought in.</summary>
    NonSeekable = 4,

    /// <summary>The entries of this directory may be cached.</summary>
    CacheDirectory = 8,
}
