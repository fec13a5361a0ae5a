using System.Text.Json;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <summary>An argument that a tool declares.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The JSON type that it must have; null for any.</param>
/// <param name="IsRequired">Whether a call without it is refused.</param>
/// <param name="Default">What it is when the call leaves it out; null for nothing.</param>
internal sealed record ToolArgument(string Name, string? Type, bool IsRequired, JsonElement? Default)
{
    /// <summary>Reads a declaration.</summary>
    /// <exception cref="ApiException">It is malformed.</exception>
    public static ToolArgument Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.BadRequest("'args' of a tool must be an array of objects with a name.");
        }

        var type = JsonFields.Text(json, "type")?.ToLowerInvariant();
        if (type is not (null or "any" or "string" or "number" or "boolean" or "object" or "array"))
        {
            throw ApiException.BadRequest($"'{type}' is not the type of an argument: write string, number, boolean, object, array or any.");
        }

        return new ToolArgument(
            JsonFields.RequiredText(json, "name"),
            type == "any" ? null : type,
            JsonFields.Truth(json, "required") ?? false,
            JsonFields.Get(json, "default"));
    }

    /// <summary>The arguments of a call, checked, with what it leaves out.</summary>
    /// <exception cref="ApiException">One is missing or of another type.</exception>
    public static JsonElement Complete(IReadOnlyList<ToolArgument> declared, JsonElement given)
    {
        List<ToolArgument>? absent = null;
        foreach (var argument in declared)
        {
            if (given.ValueKind == JsonValueKind.Object && given.TryGetProperty(argument.Name, out var value))
            {
                if (!argument.Takes(value.ValueKind))
                {
                    throw ApiException.BadRequest($"The argument '{argument.Name}' must be of the type {argument.Type}.");
                }
            }
            else if (argument.Default is not null)
            {
                (absent ??= []).Add(argument);
            }
            else if (argument.IsRequired)
            {
                throw ApiException.BadRequest($"The argument '{argument.Name}' is missing.");
            }
        }

        return absent is null ? given : Add(given, absent);
    }

    private static JsonElement Add(JsonElement given, List<ToolArgument> absent) => JsonElement.Parse(ApiAnswer.Write(writer =>
    {
        writer.WriteStartObject();
        if (given.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in given.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                ResultWriter.WriteValue(writer, property.Value);
            }
        }

        foreach (var argument in absent)
        {
            writer.WritePropertyName(argument.Name);
            ResultWriter.WriteValue(writer, argument.Default);
        }

        writer.WriteEndObject();
    }).Span);

    private bool Takes(JsonValueKind kind) => Type switch
    {
        "string" => kind == JsonValueKind.String,
        "number" => kind == JsonValueKind.Number,
        "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
        "object" => kind == JsonValueKind.Object,
        "array" => kind == JsonValueKind.Array,
        _ => true,
    };
}
