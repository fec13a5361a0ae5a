using System.Text.Json;
using System.Text.Json.Serialization;

namespace Larder.Cache.Fingerprints;

/// <summary>Writes a <see cref="Fingerprint"/> as its 64 hexadecimal digits, as a value and as a property name.</summary>
public sealed class FingerprintJsonConverter : JsonConverter<Fingerprint>
{
    /// <inheritdoc/>
    public override Fingerprint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Convert(reader.TokenType == JsonTokenType.String ? reader.GetString() : null);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Fingerprint value, JsonSerializerOptions options)
    {
        Span<char> text = stackalloc char[Fingerprint.TextLength];
        value.TryFormat(text, out _);
        writer.WriteStringValue(text);
    }

    /// <inheritdoc/>
    public override Fingerprint ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Convert(reader.GetString());

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, Fingerprint value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value.ToString());

    private static Fingerprint Convert(string? text) =>
        text is not null && Fingerprint.TryParse(text, out var value)
            ? value
            : throw new JsonException($"A fingerprint is a string of {Fingerprint.TextLength} hexadecimal digits.");
}
