using System.Text.Json;
using Larder.Handlers.Contract;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <summary>The messages that a panel sends to its sockets. Each is one JSON object with a <c>type</c>.</summary>
internal static class PanelMessages
{
    public static readonly ReadOnlyMemory<byte> Pong = "{\"type\":\"PONG\"}"u8.ToArray();

    /// <summary>The first message: the state, to which every later patch is relative.</summary>
    public static ReadOnlyMemory<byte> Connected(string panel, PanelSnapshot snapshot) => Make("CONNECTED", writer =>
    {
        writer.WriteString("panelId"u8, panel);
        writer.WritePropertyName("state"u8);
        ResultWriter.WriteValue(writer, snapshot.State);
        writer.WriteNumber("version"u8, snapshot.Version);
    });

    /// <summary>What a call gave; the members that matter most also stand beside it.</summary>
    public static ReadOnlyMemory<byte> Result(string? requestId, string tool, HandlerResult result) => Make("RESULT", writer =>
    {
        if (requestId is not null)
        {
            writer.WriteString("requestId"u8, requestId);
        }

        writer.WriteString("tool"u8, tool);
        writer.WriteString("status"u8, ResultWriter.Name(result.Status));
        writer.WritePropertyName("result"u8);
        ResultWriter.Write(writer, result);
    });

    /// <summary>The state changed.</summary>
    public static ReadOnlyMemory<byte> Patch(IReadOnlyList<StateMutation> mutations, long version, DateTimeOffset time) => Make("PATCH", writer =>
    {
        ResultWriter.WriteMutations(writer, mutations, "mutations");
        writer.WriteNumber("version"u8, version);
        writer.WriteNumber("timestamp"u8, time.ToUnixTimeMilliseconds());
    });

    /// <summary>A handler emitted an event.</summary>
    public static ReadOnlyMemory<byte> Event(HandlerEvent handlerEvent, DateTimeOffset time) => Make("EVENT", writer =>
    {
        writer.WriteStartObject("event"u8);
        writer.WriteString("name"u8, handlerEvent.Name);
        writer.WritePropertyName("payload"u8);
        ResultWriter.WriteValue(writer, handlerEvent.Payload);
        writer.WriteNumber("timestamp"u8, time.ToUnixTimeMilliseconds());
        writer.WriteEndObject();
    });

    /// <summary>A handler asks a view to do something.</summary>
    public static ReadOnlyMemory<byte> View(ViewCommand command) => Make("VIEW_COMMAND", writer =>
    {
        writer.WritePropertyName("command"u8);
        ResultWriter.WriteCommand(writer, command);
    });

    /// <summary>How the call of an extension goes: <c>pending</c>, <c>completed</c> or <c>failed</c>.</summary>
    public static ReadOnlyMemory<byte> Progress(Suspension suspension, string status, string? error) => Make("PROGRESS", writer =>
    {
        writer.WriteString("suspensionId"u8, suspension.Id);
        writer.WriteString("status"u8, status);
        writer.WriteStartObject("data"u8);
        writer.WriteString("extensionName"u8, suspension.ExtensionName);
        writer.WriteString("method"u8, suspension.Method);
        if (error is not null)
        {
            writer.WriteString("error"u8, error);
        }

        writer.WriteEndObject();
    });

    /// <summary>Something that the client asked for was not done.</summary>
    public static ReadOnlyMemory<byte> Error(string? requestId, string code, string message) => Make("ERROR", writer =>
    {
        if (requestId is not null)
        {
            writer.WriteString("requestId"u8, requestId);
        }

        writer.WriteString("code"u8, code);
        writer.WriteString("message"u8, message);
    });

    private static ReadOnlyMemory<byte> Make(string type, Action<Utf8JsonWriter> members) => ApiAnswer.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        members(writer);
        writer.WriteEndObject();
    });
}
