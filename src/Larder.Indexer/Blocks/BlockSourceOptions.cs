namespace Larder.Indexer.Blocks;

/// <summary>How a source reads its blocks.</summary>
public sealed record BlockSourceOptions
{
    /// <summary>Format of the blocks. Default: Bitcoin.</summary>
    public BlockFormat Format { get; init; } = BlockFormat.Bitcoin;

    /// <summary>How they are written. Default: told by the content.</summary>
    public BlockEncoding Encoding { get; init; } = BlockEncoding.Auto;

    /// <summary>Longest block in bytes; from 1 to 1 GiB. Default: 32 MiB, eight times what Bitcoin allows.</summary>
    public int MaxBlockBytes { get; init; } = 32 * 1024 * 1024;

    /// <exception cref="IndexerException">A value is out of its range.</exception>
    internal void Validate()
    {
        if (MaxBlockBytes is < 1 or > 1024 * 1024 * 1024)
        {
            throw new IndexerException(IndexerErrorKind.Configuration, $"The longest block has from 1 byte to 1 GiB, not {MaxBlockBytes} bytes.");
        }
    }

    /// <summary>The error of a block that is longer than the limit.</summary>
    internal IndexerException TooLong(string origin, long bytes) => new(
        IndexerErrorKind.LimitExceeded, $"The block in {origin} has {bytes} bytes or more; the limit is {MaxBlockBytes}.");
}
