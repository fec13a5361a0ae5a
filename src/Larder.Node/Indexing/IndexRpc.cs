using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Larder.Indexer;
using Larder.Indexer.State;

namespace Larder.Node.Indexing;

/// <summary>
/// The JSON-RPC 2.0 of an index, with the method names and hex arguments that clients of Metashrew know. docs/HTTP-indexes.md has
/// the methods and errors.
/// </summary>
/// <remarks>Knows nothing of HTTP. Safe for many threads.</remarks>
public sealed class IndexRpc
{
    private const int MaxDepth = 16;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    private readonly BlockIndexer _index;
    private readonly IndexRpcOptions _options;

    /// <summary>The methods of an index.</summary>
    /// <param name="index">The index. Stays the caller's.</param>
    /// <param name="options">Limits.</param>
    public IndexRpc(BlockIndexer index, IndexRpcOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(index);
        _index = index;
        _options = options ?? new IndexRpcOptions();
    }

    /// <summary>Limits.</summary>
    public IndexRpcOptions Options => _options;

    /// <summary>Answers a request or a batch.</summary>
    /// <param name="body">The request, JSON in UTF-8.</param>
    /// <param name="cancellationToken">Ends views early.</param>
    /// <returns>The answer; empty when there is none, because nothing was asked that wants one.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        var writer = new Utf8JsonWriter(buffer);
        await using (writer.ConfigureAwait(false))
        {
            JsonDocument document;
            try
            {
                document = JsonDocument.Parse(body, Strict);
            }
            catch (JsonException e)
            {
                WriteError(writer, default, new RpcException(RpcException.ParseError, $"The request is not JSON: {e.Message}"));
                await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                return buffer.WrittenMemory;
            }

            using (document)
            {
                if (document.RootElement.ValueKind == JsonValueKind.Array)
                {
                    await AnswerBatchAsync(writer, document.RootElement, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    await AnswerOneAsync(writer, document.RootElement, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        return buffer.WrittenMemory;
    }

    private async Task AnswerBatchAsync(Utf8JsonWriter writer, JsonElement batch, CancellationToken cancellationToken)
    {
        var count = batch.GetArrayLength();
        if (count == 0 || count > _options.MaxBatch)
        {
            WriteError(writer, default, new RpcException(
                RpcException.InvalidRequest,
                count == 0 ? "A batch has at least one call." : $"A batch has at most {_options.MaxBatch} calls; there are {count}."));
            return;
        }

        if (batch.EnumerateArray().All(static call => IsNotification(call)))
        {
            // Nothing is asked that wants an answer, and what only reads need not be run for nobody.
            return;
        }

        writer.WriteStartArray();
        foreach (var call in batch.EnumerateArray())
        {
            if (writer.BytesCommitted + writer.BytesPending > _options.MaxBatchAnswerBytes)
            {
                WriteError(writer, Id(call), new RpcException(
                    RpcException.ServerError, $"The answers before this one take {_options.MaxBatchAnswerBytes} bytes; ask in another request."));
                continue;
            }

            await AnswerOneAsync(writer, call, cancellationToken).ConfigureAwait(false);
        }

        writer.WriteEndArray();
    }

    private async Task AnswerOneAsync(Utf8JsonWriter writer, JsonElement call, CancellationToken cancellationToken)
    {
        if (IsNotification(call))
        {
            return;
        }

        string? result = null;
        RpcException? error = null;
        string? kind = null;
        try
        {
            Check(call);
            result = await RunAsync(call.GetProperty("method").GetString()!, call, cancellationToken).ConfigureAwait(false); // Not null: checked.
        }
        catch (RpcException e)
        {
            error = e;
        }
        catch (IndexerException e)
        {
            (error, kind) = (new RpcException(RpcException.ServerError, e.Message), Word(e.Kind));
        }
        catch (ObjectDisposedException)
        {
            (error, kind) = (new RpcException(RpcException.ServerError, "The index is being closed."), Word(IndexerErrorKind.Unavailable));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            error = new RpcException(RpcException.InternalError, $"This is a defect of larder: {e.GetType().Name}: {e.Message}");
        }

        if (error is not null)
        {
            WriteError(writer, Id(call), error, kind);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WriteString("result"u8, result);
        WriteId(writer, Id(call));
        writer.WriteEndObject();
    }

    private async Task<string> RunAsync(string method, JsonElement call, CancellationToken cancellationToken)
    {
        var arguments = new RpcArguments(method, call);
        switch (method)
        {
            case "metashrew_view":
            {
                var (view, input, height) = (arguments.Name("the view"), arguments.Bytes("the input"), arguments.Height());
                arguments.End();
                return Hex(await _index.ViewAsync(view, input, height, cancellationToken).ConfigureAwait(false));
            }

            case "metashrew_preview":
            {
                var block = arguments.Bytes("the block");
                var (view, input, height) = (arguments.Name("the view"), arguments.Bytes("the input"), arguments.Height());
                arguments.End();
                return Hex(await _index.PreviewAsync(block, view, input, height, cancellationToken).ConfigureAwait(false));
            }

            case "metashrew_height":
                arguments.End();
                return _index.BlockAt(null).Height.ToString(CultureInfo.InvariantCulture);

            case "metashrew_getblockhash":
            {
                var height = arguments.Height(mayBeLeftOut: false);
                arguments.End();
                return "0x" + _index.BlockAt(height).Hash;
            }

            case "metashrew_stateroot":
            {
                var height = arguments.Height();
                arguments.End();
                return "0x" + _index.BlockAt(height).Root;
            }

            case "metashrew_prefixroot":
            {
                var (name, height) = (arguments.Name("the prefix"), arguments.Height());
                arguments.End();
                return "0x" + PrefixRoot(name, _index.BlockAt(height));
            }

            case "metashrew_snapshot":
                arguments.End();
                return Snapshot();

            default:
                throw new RpcException(RpcException.MethodNotFound, $"There is no method '{(method.Length <= 100 ? method : method[..100])}'.");
        }
    }

    private string PrefixRoot(string name, BlockRecord block)
    {
        var prefixes = _index.Store.Options.Prefixes ?? [];
        for (var i = 0; i < prefixes.Count; i++)
        {
            if (prefixes[i].Name == name)
            {
                return block.PrefixRoots[i].ToString();
            }
        }

        throw RpcException.Params(prefixes.Count == 0
            ? "The index has no prefixes with roots of their own."
            : $"There is no prefix '{name}'; those with roots are {string.Join(", ", prefixes.Select(static prefix => prefix.Name))}.");
    }

    // A text that holds JSON, as the original answers it.
    private string Snapshot()
    {
        var (tip, statistics) = (_index.Tip, _index.GetStatistics());
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("enabled"u8, true);
            writer.WriteNumber("current_height"u8, tip is null ? 0 : tip.Height + 1L);
            writer.WriteNumber("indexed_height"u8, tip?.Height ?? 0);
            writer.WriteNumber("total_entries"u8, statistics.Store.Keys);
            writer.WriteNumber("storage_size_bytes"u8, statistics.Store.Families.Sum(static family => family.Bytes));
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Hex(byte[] bytes) => string.Create(2 + (2 * bytes.Length), bytes, static (text, bytes) =>
    {
        "0x".CopyTo(text);
        Convert.TryToHexStringLower(bytes, text[2..], out _);
    });

    private static void Check(JsonElement call)
    {
        var wrong = call switch
        {
            { ValueKind: not JsonValueKind.Object } => "A request is an object.",
            _ when call.TryGetProperty("jsonrpc", out var version) && !(version.ValueKind == JsonValueKind.String && version.ValueEquals("2.0"u8)) =>
                "'jsonrpc' must be \"2.0\".",
            _ when !call.TryGetProperty("method", out var method) || method.ValueKind != JsonValueKind.String => "'method' must be a text.",
            _ when call.TryGetProperty("id", out var id) && id.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.Null) =>
                "'id' must be a text, a number or null.",
            _ => null,
        };
        if (wrong is not null)
        {
            throw new RpcException(RpcException.InvalidRequest, wrong);
        }
    }

    private static bool IsNotification(JsonElement call) =>
        call.ValueKind == JsonValueKind.Object && !call.TryGetProperty("id", out _)
        && call.TryGetProperty("method", out var method) && method.ValueKind == JsonValueKind.String;

    private static JsonElement Id(JsonElement call) =>
        call.ValueKind == JsonValueKind.Object && call.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.String or JsonValueKind.Number ? id : default;

    private static void WriteError(Utf8JsonWriter writer, JsonElement id, RpcException error, string? kind = null)
    {
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WriteStartObject("error"u8);
        writer.WriteNumber("code"u8, error.Code);
        writer.WriteString("message"u8, error.Message);
        if (kind is not null)
        {
            writer.WriteStartObject("data"u8);
            writer.WriteString("kind"u8, kind);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        WriteId(writer, id);
        writer.WriteEndObject();
    }

    private static void WriteId(Utf8JsonWriter writer, JsonElement id)
    {
        writer.WritePropertyName("id"u8);
        if (id.ValueKind == JsonValueKind.Undefined)
        {
            writer.WriteNullValue();
        }
        else
        {
            id.WriteTo(writer);
        }
    }

    private static string Word(IndexerErrorKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());
}
