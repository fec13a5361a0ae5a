using Larder.Indexer.State;

namespace Larder.Indexer.Guests;

/// <summary>A state without keys.</summary>
internal sealed class NoState : StateReader
{
    private NoState()
    {
    }

    /// <summary>The only one there is.</summary>
    public static NoState Instance { get; } = new();

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) => [];
}
