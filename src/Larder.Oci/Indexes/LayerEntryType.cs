namespace Larder.Oci.Indexes;

/// <summary>What an entry of a layer is. The numbers are those of the encoded index.</summary>
public enum LayerEntryType : byte
{
    /// <summary>A regular file, sparse or not.</summary>
    File = 0,

    /// <summary>A directory.</summary>
    Directory = 1,

    /// <summary>A symbolic link; its target is the link target.</summary>
    Symlink = 2,

    /// <summary>Another name of an earlier entry or of a file of a lower layer; the link target is that path.</summary>
    HardLink = 3,

    /// <summary>A character device.</summary>
    CharacterDevice = 4,

    /// <summary>A block device.</summary>
    BlockDevice = 5,

    /// <summary>A named pipe.</summary>
    Fifo = 6,
}
