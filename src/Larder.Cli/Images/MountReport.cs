using System.Text;
using System.Text.Json;
using Larder.Oci.Mounting;

namespace Larder.Cli.Images;

/// <summary>A line that the process of a mount tells whoever waits for it.</summary>
/// <remarks>Written and read member by member, for the reason that <see cref="MountRequest.Encode"/> has.</remarks>
/// <param name="State"><c>working</c>, <c>ready</c> or <c>failed</c>.</param>
/// <param name="What">What is being done, what failed, or the mount in a line for people.</param>
/// <param name="Done">Bytes done; 0 when there is nothing to count.</param>
/// <param name="Total">Bytes in all.</param>
/// <param name="ExitCode">For <c>failed</c>: what the command ends with.</param>
/// <param name="Status">For <c>ready</c>: the mount, a <see cref="MountStatus"/> in JSON.</param>
internal sealed record MountReport(
    string State, string What, long Done = 0, long Total = 0, int ExitCode = 0, ReadOnlyMemory<byte> Status = default)
{
    /// <summary>The line, with its end.</summary>
    public byte[] Encode()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("state", State);
            json.WriteString("what", What);
            json.WriteNumber("done", Done);
            json.WriteNumber("total", Total);
            json.WriteNumber("exitCode", ExitCode);
            if (!Status.IsEmpty)
            {
                json.WritePropertyName("status");
                json.WriteRawValue(Status.Span);
            }

            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <returns>Null for something else.</returns>
    public static MountReport? Decode(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var json = document.RootElement;
            return new MountReport(
                json.GetProperty("state").GetString()!, // Not null: written from what is not.
                json.GetProperty("what").GetString()!, // Not null: likewise.
                json.GetProperty("done").GetInt64(),
                json.GetProperty("total").GetInt64(),
                json.GetProperty("exitCode").GetInt32(),
                json.TryGetProperty("status", out var status) ? Encoding.UTF8.GetBytes(status.GetRawText()) : default(ReadOnlyMemory<byte>));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The mount of a <c>ready</c> one.</summary>
    public MountStatus ReadStatus() =>
        JsonSerializer.Deserialize(Status.Span, ImageJson.Default.MountStatus) ?? throw new JsonException("The report of a mount has no status.");

    /// <summary>The mount of a <c>ready</c> one, as JSON for people: what the serializer would write, with its words as they came.</summary>
    public string IndentStatus()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            var reader = new Utf8JsonReader(Status.Span);
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject:
                        json.WriteStartObject();
                        break;
                    case JsonTokenType.EndObject:
                        json.WriteEndObject();
                        break;
                    case JsonTokenType.StartArray:
                        json.WriteStartArray();
                        break;
                    case JsonTokenType.EndArray:
                        json.WriteEndArray();
                        break;
                    case JsonTokenType.PropertyName:
                        json.WritePropertyName(reader.ValueSpan);
                        break;
                    default:
                        // A value decoded and written again would have other characters escaped than the serializer escapes.
                        json.WriteRawValue(Status.Span[(int)reader.TokenStartIndex..(int)reader.BytesConsumed], skipInputValidation: true);
                        break;
                }
            }
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
