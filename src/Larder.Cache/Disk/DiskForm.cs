namespace Larder.Cache.Disk;

/// <summary>How an entry lies on disk. In both forms the payload begins at offset 0.</summary>
public enum DiskForm : byte
{
    /// <summary>The payload, followed by a versioned trailer in the same file.</summary>
    Framed,

    /// <summary>The payload alone; its metadata lies in a file beside it. For files that the kernel maps whole.</summary>
    Raw,
}
