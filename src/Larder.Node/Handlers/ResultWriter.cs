using System.Runtime.InteropServices;
using System.Text.Json;
using Larder.Handlers.Contract;

namespace Larder.Node.Handlers;

/// <summary>Writes what a run gave in the form that it has on the wire.</summary>
internal static class ResultWriter
{
    /// <summary>Writes a result as one object.</summary>
    public static void Write(Utf8JsonWriter writer, HandlerResult result)
    {
        writer.WriteStartObject();
        writer.WriteString("status"u8, Name(result.Status));
        if (result.ReturnValue is { ValueKind: not JsonValueKind.Undefined } value)
        {
            writer.WritePropertyName("returnValue"u8);
            WriteValue(writer, value);
        }

        WriteMutations(writer, result.StateMutations);
        writer.WriteStartArray("events"u8);
        foreach (var handlerEvent in result.Events)
        {
            WriteEvent(writer, handlerEvent);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("viewCommands"u8);
        foreach (var command in result.ViewCommands)
        {
            WriteCommand(writer, command);
        }

        writer.WriteEndArray();
        WriteLog(writer, result);
        if (result.Suspension is { } suspension)
        {
            WriteSuspension(writer, suspension);
        }

        if (result.Error is { } error)
        {
            writer.WriteStartObject("error"u8);
            WriteErrorMembers(writer, error);
            writer.WriteEndObject();
        }

        WriteMetrics(writer, result.Metrics);
        writer.WriteEndObject();
    }

    /// <summary>Writes the member <c>stateMutations</c>, or another of that form.</summary>
    public static void WriteMutations(
        Utf8JsonWriter writer, IReadOnlyList<StateMutation> mutations, string member = "stateMutations")
    {
        writer.WriteStartArray(member);
        foreach (var mutation in mutations)
        {
            writer.WriteStartObject();
            writer.WriteString("key"u8, mutation.Key);
            writer.WritePropertyName("value"u8);
            WriteValue(writer, mutation.Operation == MutationOperation.Delete ? null : mutation.Value);
            writer.WriteString("operation"u8, mutation.Operation == MutationOperation.Set ? "set"u8 : "delete"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes an event as one object.</summary>
    public static void WriteEvent(Utf8JsonWriter writer, HandlerEvent handlerEvent)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, handlerEvent.Name);
        writer.WritePropertyName("payload"u8);
        WriteValue(writer, handlerEvent.Payload);
        writer.WriteEndObject();
    }

    /// <summary>Writes a view command as one object.</summary>
    public static void WriteCommand(Utf8JsonWriter writer, ViewCommand command)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, command.Type);
        if (command.ComponentId is { } component)
        {
            writer.WriteString("componentId"u8, component);
        }

        writer.WritePropertyName("args"u8);
        if (command.Arguments.ValueKind == JsonValueKind.Undefined)
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
        else
        {
            WriteValue(writer, command.Arguments);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the members of an error into an object that is open.</summary>
    public static void WriteErrorMembers(Utf8JsonWriter writer, HandlerError? error)
    {
        if (error is null)
        {
            return;
        }

        writer.WriteString("code"u8, Name(error.Code));
        writer.WriteString("message"u8, error.Message);
        if (error.Stack is { } stack)
        {
            writer.WriteString("stack"u8, stack);
        }

        if (error.Location is { } location)
        {
            writer.WriteStartObject("location"u8);
            writer.WriteNumber("line"u8, location.Line);
            writer.WriteNumber("column"u8, location.Column);
            writer.WriteEndObject();
        }

        if (error.Snippet is { } snippet)
        {
            writer.WriteStartObject("snippet"u8);
            writer.WriteString("code"u8, snippet.Code);
            writer.WriteNumber("highlightLine"u8, snippet.HighlightLine);
            writer.WriteEndObject();
        }

        if (error.Context is { } context)
        {
            writer.WritePropertyName("context"u8);
            WriteValue(writer, context);
        }
    }

    /// <summary>Writes a value as it came; null for nothing.</summary>
    public static void WriteValue(Utf8JsonWriter writer, JsonElement? value)
    {
        if (value is { ValueKind: not JsonValueKind.Undefined } element)
        {
            writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(element), skipInputValidation: true);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    /// <summary>The status on the wire.</summary>
    public static string Name(HandlerStatus status) => status switch
    {
        HandlerStatus.Success => "success",
        HandlerStatus.Suspended => "suspended",
        _ => "error",
    };

    /// <summary>The origin on the wire.</summary>
    public static string Name(HandlerOrigin origin) => origin switch
    {
        HandlerOrigin.Compiled => "compiled",
        HandlerOrigin.Memory => "memory",
        HandlerOrigin.Disk => "disk",
        HandlerOrigin.Remote => "remote",
        _ => "given",
    };

    /// <summary>The code on the wire: upper case with underscores.</summary>
    public static string Name(HandlerErrorCode code) => code switch
    {
        HandlerErrorCode.Timeout => "TIMEOUT",
        HandlerErrorCode.MemoryLimit => "MEMORY_LIMIT",
        HandlerErrorCode.PermissionDenied => "PERMISSION_DENIED",
        HandlerErrorCode.ExecutionError => "EXECUTION_ERROR",
        HandlerErrorCode.CompilationError => "COMPILATION_ERROR",
        HandlerErrorCode.InvalidHandler => "INVALID_HANDLER",
        HandlerErrorCode.ResourceLimit => "RESOURCE_LIMIT",
        HandlerErrorCode.WasmError => "WASM_ERROR",
        HandlerErrorCode.SerializationError => "SERIALIZATION_ERROR",
        HandlerErrorCode.InvalidArgument => "INVALID_ARGUMENT",
        HandlerErrorCode.ExtensionNotFound => "EXTENSION_NOT_FOUND",
        HandlerErrorCode.MethodNotFound => "METHOD_NOT_FOUND",
        _ => "INTERNAL_ERROR",
    };

    /// <summary>Microseconds, to a tenth.</summary>
    public static double Micros(TimeSpan time) => Math.Round(time.TotalMicroseconds, 1);

    private static void WriteLog(Utf8JsonWriter writer, HandlerResult result)
    {
        writer.WriteStartArray("log"u8);
        foreach (var entry in result.Log)
        {
            writer.WriteStartObject();
            writer.WriteString("level"u8, entry.Level switch
            {
                HandlerLogLevel.Debug => "debug",
                HandlerLogLevel.Warn => "warn",
                HandlerLogLevel.Error => "error",
                _ => "info",
            });
            writer.WriteString("message"u8, entry.Message);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteSuspension(Utf8JsonWriter writer, Suspension suspension)
    {
        writer.WriteStartObject("suspension"u8);
        writer.WriteString("suspensionId"u8, suspension.Id);
        writer.WriteString("extensionName"u8, suspension.ExtensionName);
        writer.WriteString("method"u8, suspension.Method);
        writer.WriteStartArray("args"u8);
        foreach (var argument in suspension.Arguments)
        {
            WriteValue(writer, argument);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteMetrics(Utf8JsonWriter writer, ExecutionMetrics metrics)
    {
        writer.WriteStartObject("metrics"u8);
        writer.WriteNumber("durationUs"u8, Micros(metrics.Duration));
        writer.WriteNumber("queueTimeUs"u8, Micros(metrics.QueueTime));
        writer.WriteNumber("runTimeUs"u8, Micros(metrics.RunTime));
        if (metrics.CompilationTime is { } compilation)
        {
            writer.WriteNumber("compilationTimeUs"u8, Micros(compilation));
        }

        writer.WriteString("origin"u8, Name(metrics.Origin));
        writer.WriteBoolean("cacheHit"u8, metrics.CacheHit);
        writer.WriteNumber("memoryUsedBytes"u8, metrics.MemoryUsedBytes);
        writer.WriteNumber("memoryPeakBytes"u8, metrics.MemoryPeakBytes);
        writer.WriteNumber("instructionCount"u8, metrics.InstructionCount);
        writer.WriteStartObject("hostCalls"u8);
        foreach (var (name, count) in metrics.HostCalls)
        {
            writer.WriteNumber(name, count);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
