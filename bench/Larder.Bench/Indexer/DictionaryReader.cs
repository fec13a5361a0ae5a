using Larder.Indexer.State;

namespace Larder.Bench.Indexer;

/// <summary>A state in a dictionary: the least that a host can do.</summary>
internal sealed class DictionaryReader : StateReader
{
    private readonly Dictionary<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> _values;
    private readonly Dictionary<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>.AlternateLookup<ReadOnlySpan<byte>> _byKey;

    public DictionaryReader()
    {
        _values = new(KeyComparer.Instance);
        _byKey = _values.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public void Apply(IReadOnlyList<StateWrite> writes)
    {
        foreach (var write in writes)
        {
            _values[write.Key] = write.Value;
        }
    }

    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) => _byKey.TryGetValue(key, out var value) ? value.Span : default;
}
