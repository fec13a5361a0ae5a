namespace Larder.Indexer.State;

/// <summary>The state before the first block.</summary>
internal sealed class EmptyReader : StateReader
{
    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) => [];
}
