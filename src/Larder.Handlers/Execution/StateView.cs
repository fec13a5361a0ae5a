using System.Text.Json;

namespace Larder.Handlers.Execution;

/// <summary>
/// The state as a run sees it: what it was before the run, under what the run has written so far. For one thread.
/// </summary>
internal sealed class StateView(JsonElement state)
{
    // From so many keys on, a table is faster than a walk through the text.
    private const int ManyKeys = 32;

    private readonly bool _isObject = state.ValueKind == JsonValueKind.Object;

    // A key that was deleted has an undefined element.
    private Dictionary<string, JsonElement>? _written;
    private Dictionary<string, JsonElement>? _table;

    /// <summary>The value of a key; false when it is not there.</summary>
    public bool TryGet(string key, out JsonElement value)
    {
        if (_written is not null && _written.TryGetValue(key, out value))
        {
            return value.ValueKind != JsonValueKind.Undefined;
        }

        return TryGetBefore(key, out value);
    }

    /// <summary>A key has a new value; undefined when it was deleted.</summary>
    public void Put(string key, JsonElement value) => (_written ??= new(StringComparer.Ordinal))[key] = value;

    /// <summary>All keys, each once: those of before in their order, then new ones.</summary>
    public IEnumerable<string> Keys()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (_isObject)
        {
            foreach (var property in state.EnumerateObject())
            {
                if (TryGet(property.Name, out _) && seen.Add(property.Name))
                {
                    yield return property.Name;
                }
            }
        }

        foreach (var (key, value) in _written ?? [])
        {
            if (value.ValueKind != JsonValueKind.Undefined && seen.Add(key))
            {
                yield return key;
            }
        }
    }

    private bool TryGetBefore(string key, out JsonElement value)
    {
        value = default;
        if (!_isObject)
        {
            return false;
        }

        if (_table is null && state.GetPropertyCount() <= ManyKeys)
        {
            return state.TryGetProperty(key, out value);
        }

        if (_table is null)
        {
            _table = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (var property in state.EnumerateObject())
            {
                _table[property.Name] = property.Value;
            }
        }

        return _table.TryGetValue(key, out value);
    }
}
