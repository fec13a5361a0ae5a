namespace Larder.Indexer.Blocks;

/// <summary>How blocks of a source that ends are put into an index.</summary>
public sealed record BlockImportOptions
{
    /// <summary>Format of the blocks. Default: Bitcoin.</summary>
    public BlockFormat Format { get; init; } = BlockFormat.Bitcoin;

    /// <summary>
    /// Height of the source's first block, where the source knows no heights. Null: the height that the index has for the hash of
    /// that block, else the one above the tip, else 0.
    /// </summary>
    public uint? StartHeight { get; init; }

    /// <summary>Height of the last block to index; null for all.</summary>
    public uint? StopHeight { get; init; }

    /// <summary>Whether each block must name the one before it. Default: false, since blocks of tests are often far apart.</summary>
    public bool IsLinked { get; init; }

    /// <summary>Whether a block that is being indexed is finished when the run is cancelled, in place of given up. Default: true.</summary>
    public bool FinishesBlock { get; init; } = true;
}
