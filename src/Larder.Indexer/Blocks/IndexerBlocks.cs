using Larder.Indexer.State;

namespace Larder.Indexer.Blocks;

/// <summary>The blocks of an index.</summary>
internal sealed class IndexerBlocks(BlockIndexer index) : IBlockIndex
{
    public BlockRecord? Tip => index.Tip;

    public uint? LowestHeight => index.Store.LowestHeight;

    public BlockRecord? Block(uint height) => index.Store.Block(height);

    // A block that was begun is finished: what ends a run is looked at between blocks.
    public BlockRecord Process(uint height, BlockHash hash, BlockHash previous, ReadOnlyMemory<byte> block) =>
        index.ProcessBlock(height, hash, previous, block, CancellationToken.None);

    public void Rollback(uint height) => index.Rollback(height);
}
