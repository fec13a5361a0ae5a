using Larder.Indexer.State;

namespace Larder.Indexer.Blocks;

/// <summary>The blocks of an index.</summary>
internal sealed class IndexerBlocks(BlockIndexer index) : IBlockIndex
{
    public BlockRecord? Tip => index.Tip;

    public uint? LowestHeight => index.Store.LowestHeight;

    public BlockRecord? Block(uint height) => index.Store.Block(height);

    public BlockRecord Process(uint height, BlockHash hash, BlockHash previous, ReadOnlyMemory<byte> block, CancellationToken cancellationToken) =>
        index.ProcessBlock(height, hash, previous, block, cancellationToken);

    public void Rollback(uint height) => index.Rollback(height);
}
