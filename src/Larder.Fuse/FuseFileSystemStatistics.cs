namespace Larder.Fuse;

/// <summary>The size of a file system, as <c>statfs</c> shows it.</summary>
public readonly record struct FuseFileSystemStatistics()
{
    /// <summary>Blocks in all, of <see cref="BlockSize"/> bytes.</summary>
    public ulong Blocks { get; init; }

    /// <summary>Blocks that are free.</summary>
    public ulong FreeBlocks { get; init; }

    /// <summary>Nodes in all.</summary>
    public ulong Nodes { get; init; }

    /// <summary>Nodes that are free.</summary>
    public ulong FreeNodes { get; init; }

    /// <summary>Bytes in a block. Default 4,096.</summary>
    public uint BlockSize { get; init; } = 4096;

    /// <summary>The longest name, in bytes. Default 255.</summary>
    public uint MaxNameLength { get; init; } = 255;
}
