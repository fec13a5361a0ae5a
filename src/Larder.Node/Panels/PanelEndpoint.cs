using System.Text.Json;
using Larder.Node.Handlers;
using Larder.Node.Http;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Panels;

/// <summary><c>/panels</c>: makes, lists, shows, triggers and removes panels, and connects their clients.</summary>
internal sealed class PanelEndpoint(PanelRegistry panels) : IEndpoint
{
    public const string Path = "/panels";

    private readonly PanelConnection _connection = new(panels);

    /// <summary>Every path that is answered here.</summary>
    public static readonly IReadOnlyList<string> Paths = [Path, Path + "/"];

    public string Name => "panels";

    public Task HandleAsync(NodeRequest request) => ApiAnswer.RunAsync(request, AnswerAsync);

    private Task AnswerAsync(NodeRequest request)
    {
        var parts = request.Path.Length > Path.Length ? request.Path[(Path.Length + 1)..].Split('/') : [];
        return parts switch
        {
            [] or [""] => request.Method == RequestMethod.Post ? CreateAsync(request) : ListAsync(request),
            [var id] => request.Method == RequestMethod.Delete ? DeleteAsync(request, id) : ShowAsync(request, id),
            [var id, "state"] => StateAsync(request, id),
            [var id, "ws"] => _connection.ServeAsync(request, id),
            [var id, "trigger", var tool] => TriggerAsync(request, id, tool),
            _ => throw ApiException.NotFound("NOT_FOUND", $"There is no {request.Path}; docs/HTTP.md lists the paths."),
        };
    }

    private async Task CreateAsync(NodeRequest request)
    {
        var caller = ApiAnswer.Authorize(request, AccessGuard.PanelSpace, AccessRights.Write);
        var body = await ApiAnswer.ReadObjectAsync(request).ConfigureAwait(false);
        var panel = panels.Create(PanelDefinition.Read(body, panels.Services.Options), caller.Workspace);
        await panel.Mounted.WaitAsync(request.Http.RequestAborted).ConfigureAwait(false);
        request.Http.Response.Headers.Location = $"{Path}/{panel.Definition.Id}";
        await ApiAnswer.JsonAsync(request, StatusCodes.Status201Created, writer =>
        {
            var address = AddressOf(request, panel);
            writer.WriteStartObject();
            writer.WriteString("id"u8, panel.Definition.Id);
            writer.WriteString("panelId"u8, panel.Definition.Id);
            writer.WriteString("status"u8, StatusOf(panel));
            writer.WriteString("wsUrl"u8, address);
            writer.WriteString("websocket"u8, address);
            writer.WritePropertyName("initialState"u8);
            ResultWriter.WriteValue(writer, panel.Snapshot.State);
            WriteMountError(writer, panel);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private Task ListAsync(NodeRequest request)
    {
        ApiAnswer.Allow(request, RequestMethod.Get | RequestMethod.Head | RequestMethod.Post);
        var caller = ApiAnswer.Authorize(request, AccessGuard.PanelSpace, AccessRights.Read);
        var seen = panels.All().Where(panel => caller.Workspace is null || panel.Workspace == caller.Workspace).ToArray();
        return ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("panels"u8);
            foreach (var panel in seen)
            {
                WriteInfo(writer, panel, isWhole: false);
            }

            writer.WriteEndArray();
            writer.WriteNumber("total"u8, seen.Length);
            writer.WriteEndObject();
        });
    }

    private Task ShowAsync(NodeRequest request, string id)
    {
        ApiAnswer.Allow(request, RequestMethod.Get | RequestMethod.Head | RequestMethod.Delete);
        var panel = Find(request, id, AccessRights.Read, out _);
        return ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => WriteInfo(writer, panel, isWhole: true));
    }

    private Task StateAsync(NodeRequest request, string id)
    {
        ApiAnswer.Allow(request, RequestMethod.Get | RequestMethod.Head);
        var snapshot = Find(request, id, AccessRights.Read, out _).Snapshot;
        request.Http.Response.Headers["Larder-State-Version"] = snapshot.Version.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => ResultWriter.WriteValue(writer, snapshot.State));
    }

    private async Task DeleteAsync(NodeRequest request, string id)
    {
        var panel = Find(request, id, AccessRights.Write, out _);
        await panels.RemoveAsync(panel, "The panel was deleted.").ConfigureAwait(false);
        Answer.Empty(request, StatusCodes.Status204NoContent);
    }

    private async Task TriggerAsync(NodeRequest request, string id, string name)
    {
        ApiAnswer.Allow(request, RequestMethod.Post);
        var panel = Find(request, id, AccessRights.Execute, out _);
        var body = await ApiAnswer.ReadObjectAsync(request).ConfigureAwait(false);
        var call = Prepare(panel, name, body, null, null);
        panel.Call(call);

        // The tool runs to its end whether or not the client waits for it.
        var isPatient = request.Http.Request.Query["wait"] is ["true"] or ["1"];
        var result = await (isPatient ? call.Last : call.First).WaitAsync(request.Http.RequestAborted).ConfigureAwait(false);
        await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => ResultWriter.Write(writer, result)).ConfigureAwait(false);
    }

    /// <summary>A call of a tool with its arguments checked.</summary>
    /// <exception cref="ApiException">There is no such tool, or an argument is wrong.</exception>
    internal static PanelCall Prepare(Panel panel, string name, JsonElement arguments, PanelSocket? caller, string? requestId)
    {
        var tool = panel.Definition.Find(name)
            ?? throw ApiException.NotFound("TOOL_NOT_FOUND", $"The panel '{panel.Definition.Id}' has no tool '{name}'.");
        return new PanelCall(tool, ToolArgument.Complete(tool.Arguments, arguments)) { Caller = caller, RequestId = requestId };
    }

    private Panel Find(NodeRequest request, string id, AccessRights needed, out Caller caller)
    {
        caller = ApiAnswer.Authorize(request, AccessGuard.PanelSpace, needed);
        return Find(panels, id, caller);
    }

    /// <summary>The panel, if the caller may see it.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    internal static Panel Find(PanelRegistry panels, string id, Caller caller)
    {
        if (!panels.TryFind(id, caller.Workspace, out var panel))
        {
            throw ApiException.NotFound("PANEL_NOT_FOUND", $"There is no panel '{id}'.");
        }

        panel.Touch();
        return panel;
    }

    private string AddressOf(NodeRequest request, Panel panel)
    {
        var http = request.Http.Request;
        var port = panels.Services.Options.WebSocketPort;
        var host = port != 0 && http.Host.Port == request.Services.Options.Listen.Port ? new HostString(http.Host.Host, port) : http.Host;
        var scheme = http.Headers["X-Forwarded-Proto"] is ["https"] ? "wss" : "ws";
        return $"{scheme}://{host.Value}{Path}/{panel.Definition.Id}/ws";
    }

    private static string StatusOf(Panel panel) => panel.Status.ToString().ToLowerInvariant();

    private static void WriteMountError(Utf8JsonWriter writer, Panel panel)
    {
        if (panel.MountError is { } error)
        {
            writer.WriteStartObject("error"u8);
            ResultWriter.WriteErrorMembers(writer, error);
            writer.WriteEndObject();
        }
    }

    private void WriteInfo(Utf8JsonWriter writer, Panel panel, bool isWhole)
    {
        var definition = panel.Definition;
        var snapshot = panel.Snapshot;
        writer.WriteStartObject();
        writer.WriteString("id"u8, definition.Id);
        writer.WriteString("panelId"u8, definition.Id);
        writer.WriteString("kind"u8, definition.Kind);
        if (definition.Title is { } title)
        {
            writer.WriteString("title"u8, title);
        }

        writer.WriteString("status"u8, StatusOf(panel));
        writer.WriteString("createdAt"u8, panel.CreatedAt);
        writer.WriteNumber("uptime"u8, (long)(panels.Services.Clock.GetUtcNow() - panel.CreatedAt).TotalMilliseconds);
        writer.WriteNumber("stateVersion"u8, snapshot.Version);
        writer.WriteNumber("memoryUsage"u8, snapshot.Bytes);
        writer.WriteNumber("sockets"u8, panel.Sockets.Count);
        writer.WriteNumber("queued"u8, panel.Queued);
        if (isWhole)
        {
            WriteTools(writer, definition);
            if (definition.Metadata is { } metadata)
            {
                writer.WritePropertyName("metadata"u8);
                ResultWriter.WriteValue(writer, metadata);
            }
        }

        WriteMountError(writer, panel);
        writer.WriteEndObject();
    }

    private static void WriteTools(Utf8JsonWriter writer, PanelDefinition definition)
    {
        writer.WriteStartArray("tools"u8);
        foreach (var tool in definition.Tools)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, tool.Name);
            writer.WriteString("trigger"u8, tool.Trigger.Name);
            if (tool.Description is { } description)
            {
                writer.WriteString("description"u8, description);
            }

            writer.WriteStartArray("capabilities"u8);
            foreach (var token in tool.Capabilities.Tokens)
            {
                writer.WriteStringValue(token);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
