namespace Larder.Symbols.Caching;

/// <summary>Which keys were resolved through one module and found in another, by the other. Safe for many threads.</summary>
internal sealed class SourceIndex
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<ModuleId, HashSet<SymbolKey>> _keys = [];

    public void Add(ModuleId source, SymbolKey key)
    {
        lock (_gate)
        {
            if (!_keys.TryGetValue(source, out var keys))
            {
                _keys[source] = keys = [];
            }

            keys.Add(key);
        }
    }

    public void Remove(ModuleId source, SymbolKey key)
    {
        lock (_gate)
        {
            if (_keys.TryGetValue(source, out var keys) && keys.Remove(key) && keys.Count == 0)
            {
                _keys.Remove(source);
            }
        }
    }

    /// <summary>The keys of a source.</summary>
    public SymbolKey[] Of(ModuleId source)
    {
        lock (_gate)
        {
            return _keys.TryGetValue(source, out var keys) ? [.. keys] : [];
        }
    }
}
