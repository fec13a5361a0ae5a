namespace Larder.Indexer.Blocks;

/// <summary>Gives blocks in order. For one reader at a time.</summary>
public interface IBlockSource : IAsyncDisposable
{
    /// <summary>What it is, in words: <c>3 files in blocks/</c>.</summary>
    string Description { get; }

    /// <summary>How many blocks it has; null when that is not known before its end.</summary>
    long? Count { get; }

    /// <summary>Gives the blocks one after the other.</summary>
    /// <param name="from">
    /// Height that is wanted first: a source that knows heights begins there. One that knows only an order begins at its start.
    /// </param>
    /// <param name="cancellationToken">Ends it between and within blocks.</param>
    /// <exception cref="IndexerException">The source cannot be read, or gives what cannot be a block.</exception>
    IAsyncEnumerable<SourceBlock> ReadAsync(uint? from, CancellationToken cancellationToken = default);
}
