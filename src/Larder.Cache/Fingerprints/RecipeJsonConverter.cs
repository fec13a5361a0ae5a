using System.Text.Json;
using System.Text.Json.Serialization;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Fingerprints;

/// <summary>
/// Writes a <see cref="Recipe"/> as <c>{"kind", "formatVersion", "components": {name: {type: value}}}</c>, where the
/// type is <c>bytes</c> (base64), <c>text</c>, <c>integer</c>, <c>boolean</c>, <c>fingerprint</c>, <c>list</c> or
/// <c>set</c>. The order of the components does not matter when it is read.
/// </summary>
public sealed class RecipeJsonConverter : JsonConverter<Recipe>
{
    /// <inheritdoc/>
    public override Recipe Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        try
        {
            var root = document.RootElement;
            var builder = new RecipeBuilder(
                ArtifactKind.Parse(root.GetProperty("kind").GetString() ?? string.Empty),
                root.GetProperty("formatVersion").GetUInt32());
            foreach (var component in root.GetProperty("components").EnumerateObject())
            {
                builder.Add(component.Name, ReadValue(component.Value));
            }

            return builder.Build();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new JsonException($"This is not a recipe: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Recipe value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", value.Kind.Name);
        writer.WriteNumber("formatVersion", value.FormatVersion);
        writer.WriteStartObject("components");
        foreach (var component in value.Components)
        {
            writer.WritePropertyName(component.Name);
            WriteValue(writer, component.Value);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static RecipeValue ReadValue(JsonElement element)
    {
        var properties = element.EnumerateObject();
        if (!properties.MoveNext())
        {
            throw new FormatException("a value is an object with one property, its type");
        }

        var (type, value) = (properties.Current.Name, properties.Current.Value);
        if (properties.MoveNext())
        {
            throw new FormatException("a value is an object with one property, its type");
        }

        return type switch
        {
            "bytes" => RecipeValue.Of(value.GetBytesFromBase64()),
            "text" => RecipeValue.Of(value.GetString() ?? throw new FormatException("null is no text")),
            "integer" => RecipeValue.Of(value.GetInt64()),
            "boolean" => RecipeValue.Of(value.GetBoolean()),
            "fingerprint" => RecipeValue.Of(Fingerprint.Parse(value.GetString())),
            "list" => RecipeValue.OfList(value.EnumerateArray().Select(ReadValue)),
            "set" => RecipeValue.OfSet(value.EnumerateArray().Select(ReadValue)),
            _ => throw new FormatException($"'{type}' is not a type of value"),
        };
    }

    private static void WriteValue(Utf8JsonWriter writer, RecipeValue value)
    {
        writer.WriteStartObject();
        switch (value.Type)
        {
            case RecipeValueType.Bytes:
                writer.WriteBase64String("bytes", value.Payload.Span);
                break;
            case RecipeValueType.Text:
                writer.WriteString("text", value.Payload.Span);
                break;
            case RecipeValueType.Integer:
                writer.WriteNumber("integer", value.AsInteger());
                break;
            case RecipeValueType.Boolean:
                writer.WriteBoolean("boolean", value.AsBoolean());
                break;
            case RecipeValueType.Fingerprint:
                writer.WriteString("fingerprint", value.AsFingerprint().ToString());
                break;
            default:
                writer.WriteStartArray(value.Type == RecipeValueType.Set ? "set" : "list");
                foreach (var item in value.AsItems())
                {
                    WriteValue(writer, item);
                }

                writer.WriteEndArray();
                break;
        }

        writer.WriteEndObject();
    }
}
