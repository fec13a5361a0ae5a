using System.Globalization;
using System.Text;
using System.Text.Json;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;
using Larder.Wasm;

namespace Larder.Handlers.Execution;

// From what stopped a handler to the error of its result.
internal sealed partial class HandlerRun
{
    private const string OutOfMemory = "InternalError: out of memory";
    private const string StackOverflow = "RangeError: Maximum call stack size exceeded";
    private const string StringTooLong = "InternalError: string too long";
    private const int MaxMessageBytes = 16 * 1024;

    // Half of the last MiB: an engine that cannot even make an error object is that near to its limit.
    private const long NearLimitBytes = 512 * 1024;

    /// <summary>The error of something that was thrown, which is freed.</summary>
    private HandlerError ErrorOf(JsValue thrown)
    {
        var (code, message, stack, kind) = Describe(thrown);
        if (message == OutOfMemory || (thrown.Tag == JsTag.Null && IsNearMemoryLimit()))
        {
            return Placed(MemoryError(), stack);
        }

        if (message == StackOverflow)
        {
            return Placed(
                new HandlerError(HandlerErrorCode.ResourceLimit, "the calls are nested too deeply: the stack's limit is reached"), stack);
        }

        if (message == StringTooLong)
        {
            return Placed(new HandlerError(HandlerErrorCode.ResourceLimit, "a string is longer than the engine can hold"), stack);
        }

        var error = new HandlerError(HandlerErrorCodes.TryParse(code, out var known) ? known : HandlerErrorCode.ExecutionError, message);
        return Placed(kind is "" or "Error" or "HandlerError" ? error : error with { Context = NameOf(kind) }, stack);
    }

    private HandlerError ErrorOf(Trap trap) => trap.Kind switch
    {
        TrapKind.Interrupted when _watched.IsStopped => new HandlerError(
            HandlerErrorCode.Timeout,
            string.Create(CultureInfo.InvariantCulture, $"the handler ran longer than {_limits.Timeout.TotalMilliseconds:0} ms")),
        TrapKind.Interrupted => new HandlerError(HandlerErrorCode.InternalError, "the runtime is shutting down"),
        TrapKind.OutOfFuel => new HandlerError(
            HandlerErrorCode.Timeout,
            string.Create(CultureInfo.InvariantCulture, $"the handler used up its fuel of {_limits.Fuel} instructions")),
        TrapKind.StackOverflow => new HandlerError(
            HandlerErrorCode.ResourceLimit, "the calls are nested too deeply: the stack's limit is reached"),
        _ => new HandlerError(HandlerErrorCode.WasmError, $"the engine trapped: {trap.Message}"),
    };

    private HandlerError MemoryError() => new(
        HandlerErrorCode.MemoryLimit,
        string.Create(CultureInfo.InvariantCulture, $"the handler needs more memory than its limit of {_options.MemoryLimitBytes} bytes"));

    private bool IsNearMemoryLimit() => Engine.HeapBytes > _options.MemoryLimitBytes - QuickJsInstance.EngineBytes - NearLimitBytes;

    private HandlerError Placed(HandlerError error, string stack)
    {
        if (stack.Length == 0)
        {
            return error;
        }

        var (frames, location) = Handler.Code.StackOf(stack);
        return error with
        {
            Stack = frames.Length == 0 ? null : frames,
            Location = location,
            Snippet = location is { } place ? Handler.Code.SnippetAt(place) : null,
        };
    }

    // The prelude knows how to look at what was thrown; where it cannot any more, there is a plain answer.
    private (string Code, string Message, string Stack, string Kind) Describe(JsValue thrown)
    {
        Engine.RaiseMemoryLimit();
        var text = Engine.Call(_instance!.Home.Describe, thrown); // A part runs, so there is an instance.
        if (!text.IsString)
        {
            Engine.TakeException();
            return ("", thrown.Tag == JsTag.Null ? "null" : "the handler failed and its error cannot be read", "", "");
        }

        var address = Engine.Text(text, out var length);
        if (address == 0)
        {
            return ("", "the handler failed and its error cannot be read", "", "");
        }

        var reader = new Utf8JsonReader(Engine.Bytes(address, length));
        using var document = JsonDocument.ParseValue(ref reader);
        Engine.FreeText(address);
        Engine.FreeValue(text);
        var root = document.RootElement;
        var message = root.GetProperty("message").GetString() ?? "";
        return (
            root.GetProperty("code").GetString() ?? "",
            message.Length <= MaxMessageBytes ? message : string.Concat(message.AsSpan(0, MaxMessageBytes), "…"),
            root.GetProperty("stack").GetString() ?? "",
            root.GetProperty("kind").GetString() ?? "");
    }

    // A rejection that nobody saw is the handler's mistake, but it returned all the same: the author finds it in the log.
    private void ReportRejections()
    {
        if (_rejections is null)
        {
            return;
        }

        foreach (var reason in _rejections.Values)
        {
            var error = ErrorOf(reason);
            var place = error.Location is { } location
                ? string.Create(CultureInfo.InvariantCulture, $" (line {location.Line}, column {location.Column})")
                : "";
            _effects.Log(HandlerLogLevel.Error, Encoding.UTF8.GetBytes($"unhandled rejection: {error.Message}{place}"));
        }

        _rejections.Clear();
    }

    private static JsonElement NameOf(string kind)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("name", kind);
            writer.WriteEndObject();
        }

        return HandlerJson.Parse(buffer.WrittenSpan);
    }
}
