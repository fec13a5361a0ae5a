using Larder.Indexer.State;

namespace Larder.Indexer.Blocks;

/// <summary>What blocks are put into: the few operations of an index that reading blocks needs.</summary>
internal interface IBlockIndex
{
    /// <summary>The last block; null before the first.</summary>
    BlockRecord? Tip { get; }

    /// <summary>The lowest height that the index can be rolled back to; null before the first block.</summary>
    uint? LowestHeight { get; }

    /// <summary>The block at a height; null when there is none or it was pruned.</summary>
    BlockRecord? Block(uint height);

    /// <summary>Runs the module over a block and commits what it writes.</summary>
    BlockRecord Process(uint height, BlockHash hash, BlockHash previous, ReadOnlyMemory<byte> block, CancellationToken cancellationToken);

    /// <summary>Makes the block of this height the last one.</summary>
    void Rollback(uint height);
}
