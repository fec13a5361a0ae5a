namespace Larder.Indexer.State;

/// <summary>A state without keys: what there is before the first block, and for a guest that only tells about itself.</summary>
internal sealed class EmptyReader : StateReader
{
    private EmptyReader()
    {
    }

    /// <summary>The only one there is; nothing is given up when it is disposed of.</summary>
    public static EmptyReader Instance { get; } = new();

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) => [];
}
