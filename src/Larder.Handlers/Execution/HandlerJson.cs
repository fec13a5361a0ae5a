using System.Runtime.InteropServices;
using System.Text.Json;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Execution;

/// <summary>Values on their way between host and handler.</summary>
internal static class HandlerJson
{
    // Readers of JSON commonly stop at 64 levels; a value still has to fit into a result, and that into a reply.
    private const int MaxDepth = 56;

    /// <summary>A value that a handler gave, copied.</summary>
    /// <exception cref="HostRefusal">It is not JSON as others read it.</exception>
    public static JsonElement Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonElement.Parse(utf8, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException exception)
        {
            throw new HostRefusal(HandlerErrorCode.SerializationError, exception.Message.Contains("depth", StringComparison.Ordinal)
                ? $"the value is nested deeper than {MaxDepth} levels"
                : "the value is not JSON: " + exception.Message);
        }
    }

    /// <summary>The JSON text of a value; that of an empty object for undefined.</summary>
    public static ReadOnlySpan<byte> TextOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Undefined ? "{}"u8 : JsonMarshal.GetRawUtf8Value(value);
}
