using System.Text.Json;

namespace Larder.Node.Handlers;

/// <summary>Takes members out of an object that a client sent, with one sentence for each that is wrong.</summary>
internal static class JsonFields
{
    /// <summary>The member; null when it is absent or null.</summary>
    public static JsonElement? Get(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The first of two members that is there: some have an older name.</summary>
    public static JsonElement? Get(JsonElement json, string name, string olderName) => Get(json, name) ?? Get(json, olderName);

    /// <summary>A text; null when it is absent.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static string? Text(JsonElement json, string name) => Get(json, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? Decode(value, name)
        : throw ApiException.BadRequest($"'{name}' must be a text.");

    /// <summary>A text that must be there.</summary>
    /// <exception cref="ApiException">It is not.</exception>
    public static string RequiredText(JsonElement json, string name) =>
        Text(json, name) ?? throw ApiException.BadRequest($"'{name}' is missing: it must be a text.");

    /// <summary>An object; undefined when it is absent.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static JsonElement Object(JsonElement json, string name, string olderName) => Get(json, name, olderName) is not { } value ? default
        : value.ValueKind == JsonValueKind.Object ? value
        : throw ApiException.BadRequest($"'{name}' must be an object.");

    /// <summary>The elements of an array; none when it is absent.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static JsonElement.ArrayEnumerator Array(JsonElement json, string name) => Get(json, name) is not { } value ? default
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray()
        : throw ApiException.BadRequest($"'{name}' must be an array.");

    /// <summary>The texts of an array; null when it is absent.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static string[]? Texts(JsonElement json, string name)
    {
        if (Get(json, name) is null)
        {
            return null;
        }

        var texts = new List<string>();
        foreach (var element in Array(json, name))
        {
            texts.Add(element.ValueKind == JsonValueKind.String
                ? Decode(element, name)
                : throw ApiException.BadRequest($"'{name}' must be an array of texts."));
        }

        return [.. texts];
    }

    /// <summary>A whole number; null when it is absent.</summary>
    /// <exception cref="ApiException">It is something else, or out of range.</exception>
    public static long? Number(JsonElement json, string name, long least, long most) => Get(json, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= least && number <= most ? number
        : throw ApiException.BadRequest(
            most == long.MaxValue ? $"'{name}' must be a whole number of at least {least}." : $"'{name}' must be a whole number from {least} to {most}.");

    /// <summary>A truth; null when it is absent.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static bool? Truth(JsonElement json, string name) => Get(json, name) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw ApiException.BadRequest($"'{name}' must be true or false.");

    // Half of a surrogate pair is JSON and no text.
    private static string Decode(JsonElement value, string name)
    {
        try
        {
            return value.GetString()!; // The kind is String.
        }
        catch (InvalidOperationException)
        {
            throw ApiException.BadRequest($"'{name}' has half of a surrogate pair.");
        }
    }
}
