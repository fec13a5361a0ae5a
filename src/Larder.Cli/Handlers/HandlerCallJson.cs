using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Larder.Cli.Handlers;

/// <summary>What the command line says about a call, put together to the JSON that a node takes.</summary>
internal static class HandlerCallJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads JSON that is given as itself, or as the name of a file that holds it; <c>-</c> is standard input.</summary>
    /// <exception cref="CommandException">It is neither.</exception>
    public static async Task<JsonElement> ReadAsync(Terminal terminal, string text, string option, CancellationToken cancellationToken)
    {
        var isFile = !text.TrimStart().StartsWith('{');
        try
        {
            var json = !isFile ? System.Text.Encoding.UTF8.GetBytes(text) : await BytesAsync(terminal, text, cancellationToken).ConfigureAwait(false);
            var element = JsonElement.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return element.ValueKind == JsonValueKind.Object
                ? element
                : throw CommandException.Usage($"{option} must be a JSON object, or a file that holds one.");
        }
        catch (JsonException e)
        {
            throw CommandException.Usage($"{option}: {(isFile ? $"'{text}' holds no" : "this is no")} JSON object: {e.Message}");
        }
    }

    /// <summary>Reads a file; <c>-</c> is standard input.</summary>
    public static async Task<byte[]> BytesAsync(Terminal terminal, string path, CancellationToken cancellationToken)
    {
        var stream = path == "-" ? terminal.Input : LocalFiles.OpenRead(path);
        await using (stream.ConfigureAwait(false))
        {
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes, cancellationToken).ConfigureAwait(false);
            return bytes.ToArray();
        }
    }

    /// <summary>Makes one object out of others: later members replace earlier ones of their name.</summary>
    public static JsonElement Merge(JsonElement first, params IReadOnlyList<(string Name, JsonElement Value)> members)
    {
        var all = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (first.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in first.EnumerateObject())
            {
                all[property.Name] = property.Value;
            }
        }

        foreach (var (name, value) in members)
        {
            if (value.ValueKind != JsonValueKind.Undefined)
            {
                all[name] = value;
            }
        }

        return JsonElement.Parse(Write(writer =>
        {
            writer.WriteStartObject();
            foreach (var (name, value) in all)
            {
                writer.WritePropertyName(name);
                writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
            }

            writer.WriteEndObject();
        }).Span);
    }

    /// <summary>Makes JSON; <paramref name="write"/> writes one value.</summary>
    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            write(writer);
        }

        return buffer.WrittenMemory;
    }

    /// <summary>A text as JSON.</summary>
    public static JsonElement Text(string text) => JsonElement.Parse(Write(writer => writer.WriteStringValue(text)).Span);

    /// <summary>Texts as JSON.</summary>
    public static JsonElement Texts(IEnumerable<string> texts) => JsonElement.Parse(Write(writer =>
    {
        writer.WriteStartArray();
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }).Span);
}
