namespace Larder.Indexer.Blocks;

/// <summary>A block as its source gives it.</summary>
public sealed record SourceBlock
{
    /// <summary>The bytes of the block, not yet checked against its format.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Where it came from, in words for messages: a file, with the line or the offset; a node.</summary>
    public required string Origin { get; init; }

    /// <summary>Its height; null when the source knows no heights, but only an order.</summary>
    public uint? Height { get; init; }

    /// <summary>What the source says that the block is called; null when only its bytes say it.</summary>
    public BlockIdentity? Identity { get; init; }

    /// <summary>What the block is called, after the check of its format.</summary>
    /// <exception cref="IndexerException"><see cref="IndexerErrorKind.BadBlock"/>: its bytes are not of the format.</exception>
    public BlockIdentity Identify(BlockFormat format)
    {
        try
        {
            return format == BlockFormat.Opaque && Identity is { } given ? given : BlockIdentity.Of(Bytes.Span, format);
        }
        catch (IndexerException e) when (e.Kind == IndexerErrorKind.BadBlock)
        {
            throw new IndexerException(e.Kind, $"{Origin}: {e.Message}", e);
        }
    }
}
