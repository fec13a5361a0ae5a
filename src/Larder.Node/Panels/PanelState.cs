using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using Larder.Handlers.Contract;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <summary>The state of one panel. Changed by one caller at a time, read by any number.</summary>
internal sealed class PanelState
{
    private readonly int _maxBytes;

    // Replaced whole.
    private volatile PanelSnapshot _current;

    public PanelState(JsonElement initial, int maxBytes)
    {
        _maxBytes = maxBytes;
        _current = new PanelSnapshot(0, initial, JsonMarshal.GetRawUtf8Value(initial).Length);
    }

    /// <summary>The state now.</summary>
    public PanelSnapshot Current => _current;

    /// <summary>Applies changes in their order, all or none; false when the state would become too large.</summary>
    public bool TryApply(ImmutableArray<StateMutation> mutations)
    {
        if (mutations.IsDefaultOrEmpty)
        {
            return true;
        }

        // The last change of a key is the one that counts.
        var changes = new Dictionary<string, JsonElement?>(StringComparer.Ordinal);
        foreach (var mutation in mutations)
        {
            changes[mutation.Key] = mutation.Operation == MutationOperation.Delete
                ? null
                : mutation.Value is { ValueKind: not JsonValueKind.Undefined } value ? value : JsonElement.Parse("null"u8);
        }

        var merged = ApiAnswer.Write(writer => Merge(writer, _current.State, changes));
        if (merged.Length > _maxBytes)
        {
            return false;
        }

        // Read anew, so that nothing of the results that the values came in is kept.
        _current = new PanelSnapshot(_current.Version + 1, JsonElement.Parse(merged.Span), merged.Length);
        return true;
    }

    private static void Merge(Utf8JsonWriter writer, JsonElement state, Dictionary<string, JsonElement?> changes)
    {
        writer.WriteStartObject();
        foreach (var property in state.EnumerateObject())
        {
            JsonElement? value = property.Value;
            if (!changes.Remove(property.Name, out var change) || (value = change) is not null)
            {
                writer.WritePropertyName(property.Name);
                ResultWriter.WriteValue(writer, value);
            }
        }

        foreach (var (key, value) in changes)
        {
            if (value is not null)
            {
                writer.WritePropertyName(key);
                ResultWriter.WriteValue(writer, value);
            }
        }

        writer.WriteEndObject();
    }
}
