namespace Larder.Indexer.State;

/// <summary>A state with the writes of one more block over it, none of which is ever committed. For one thread at a time.</summary>
internal sealed class OverlayReader : StateReader
{
    private readonly StateReader _below;
    private readonly Dictionary<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>.AlternateLookup<ReadOnlySpan<byte>> _writes;

    /// <summary>Lays writes over a reader, which it does not dispose.</summary>
    /// <param name="below">What is read where nothing was written.</param>
    /// <param name="writes">The writes; of two to one key the later counts.</param>
    public OverlayReader(StateReader below, IReadOnlyList<StateWrite> writes)
    {
        _below = below;
        var byKey = new Dictionary<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(writes.Count, KeyComparer.Instance);
        foreach (var write in writes)
        {
            byKey[write.Key] = write.Value;
        }

        _writes = byKey.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) =>
        _writes.TryGetValue(key, out var value) ? value.Span : _below.Get(key);
}
