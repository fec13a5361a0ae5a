using Larder.Indexer.Blocks;

namespace Larder.Node.Indexing;

/// <summary>One index of a node.</summary>
public sealed record IndexOptions
{
    /// <summary>Longest name of an index.</summary>
    public const int MaxNameLength = 64;

    /// <summary>The directory of the index; null for one of its name in <c>indexes</c> of the node's data directory.</summary>
    public string? Directory { get; init; }

    /// <summary>The module; null when the directory has it.</summary>
    public string? Module { get; init; }

    /// <summary>Where blocks come from: the URL of a chain's node, a file or a directory; null for what the directory says.</summary>
    public string? Source { get; init; }

    /// <summary>The cookie file of the chain's node; null for none.</summary>
    public string? Cookie { get; init; }

    /// <summary>Height of the first block; null for what the source says, or 0.</summary>
    public uint? StartHeight { get; init; }

    /// <summary>Format of the blocks; null for what the directory says, or Bitcoin's.</summary>
    public BlockFormat? Format { get; init; }

    /// <summary>Bytes of the cache of reads; 0 for none, null for what the directory says, or 1 GiB.</summary>
    public long? CacheBytes { get; init; }

    /// <summary>Blocks whose state is kept; null for what the directory says, or all.</summary>
    public int? KeptBlocks { get; init; }

    /// <summary>Whether a name can be one of an index: 1 to 64 of a-z, 0-9, <c>-</c> and <c>_</c>.</summary>
    public static bool IsName(string name) =>
        name is { Length: > 0 and <= MaxNameLength } && name.All(static letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_');
}
