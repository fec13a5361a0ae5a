using System.Net.WebSockets;
using System.Text.Json;
using Larder.Handlers;
using Larder.Node.Handlers;
using Larder.Node.Http;
using Larder.Node.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Larder.Node.Panels;

/// <summary><c>/panels/{id}/ws</c>: what a client of a panel says, and what it is told.</summary>
internal sealed class PanelConnection(PanelRegistry panels)
{
    // Two missed beats are a client that is gone without a word.
    private static readonly WebSocketOptions Beat = new() { KeepAliveInterval = TimeSpan.FromSeconds(20), KeepAliveTimeout = TimeSpan.FromSeconds(20) };

    // Knows the handshake; what a framework would do after it is done here.
    private readonly WebSocketMiddleware _handshake = new(static _ => Task.CompletedTask, Options.Create(Beat), NullLoggerFactory.Instance);

    /// <summary>Serves one client until it leaves.</summary>
    /// <exception cref="ApiException">It cannot be connected.</exception>
    public async Task ServeAsync(NodeRequest request, string id)
    {
        ApiAnswer.Allow(request, RequestMethod.Get);
        var caller = ApiAnswer.Authorize(request, AccessGuard.PanelSpace, AccessRights.Read, mayUseQuery: true);
        var panel = PanelEndpoint.Find(panels, id, caller);
        var http = request.Http;
        await _handshake.Invoke(http).ConfigureAwait(false);
        if (!http.WebSockets.IsWebSocketRequest)
        {
            http.Response.Headers.Upgrade = "websocket";
            throw new ApiException(StatusCodes.Status426UpgradeRequired, "UPGRADE_REQUIRED", "This path takes WebSocket connections only.");
        }

        if (panel.Sockets.Count >= panels.Services.Options.MaxSockets)
        {
            throw new ApiException(429, "TOO_MANY_SOCKETS", $"The panel '{id}' has {panels.Services.Options.MaxSockets} sockets, the setting panels.max-sockets.");
        }

        using var connection = await http.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
        panels.Services.Metrics.CountSocket(1);
        try
        {
            await ServeAsync(request, panel, caller, connection).ConfigureAwait(false);
        }
        finally
        {
            panels.Services.Metrics.CountSocket(-1);
            panel.Touch();
        }
    }

    private async Task ServeAsync(NodeRequest request, Panel panel, Caller caller, WebSocket connection)
    {
        using var socket = new PanelSocket(connection, panels.Services.Options);
        if (!panel.Sockets.TryAdd(socket))
        {
            socket.Close(WebSocketCloseStatus.PolicyViolation, "The panel takes no more clients.");
        }

        using var stopping = request.Services.State.Stopping.Register(
            () => socket.Close(WebSocketCloseStatus.EndpointUnavailable, "The node stops."));
        try
        {
            await socket.RunAsync(request.Services.Options.Handlers.BodyBytes, message =>
            {
                panels.Services.Metrics.CountMessage();
                panel.Touch();
                Receive(panel, caller, socket, message.Span);
                return default;
            }).ConfigureAwait(false);
        }
        finally
        {
            panel.Sockets.Remove(socket);
            if (socket.IsSlow)
            {
                panels.Services.Metrics.CountSlow();
            }

            HandlerLog.SocketLost(panels.Services.Logger, panel.Definition.Id, socket.CloseReason ?? string.Empty);
        }

        if (connection.State != WebSocketState.Closed)
        {
            request.Http.Abort();
        }
    }

    private static void Receive(Panel panel, Caller caller, PanelSocket socket, ReadOnlySpan<byte> message)
    {
        string? requestId = null;
        try
        {
            var json = ApiAnswer.ParseObject(message);
            requestId = RequestId(json);
            Receive(panel, caller, socket, json, requestId);
        }
        catch (ApiException exception)
        {
            socket.Send(PanelMessages.Error(requestId, exception.Code, exception.Message));
        }
        catch (HandlersException exception)
        {
            socket.Send(PanelMessages.Error(requestId, "EXECUTION_ERROR", exception.Message));
        }
    }

    private static void Receive(Panel panel, Caller caller, PanelSocket socket, JsonElement json, string? requestId)
    {
        switch (JsonFields.Text(json, "type"))
        {
            case "TRIGGER":
                if ((caller.RightsIn(AccessGuard.PanelSpace) & AccessRights.Execute) == 0)
                {
                    throw new ApiException(403, "FORBIDDEN", "The sender may not run tools here.");
                }

                panel.Call(PanelEndpoint.Prepare(
                    panel, JsonFields.RequiredText(json, "tool"), JsonFields.Object(json, "args", "args"), socket, requestId));
                break;
            case "SUBSCRIBE":
                socket.Topics = socket.Topics.With(Topics(json))
                    ?? throw ApiException.BadRequest(
                        "A topic is state, events, views, progress, state:KEY or events:NAME, and there are at most "
                        + $"{TopicSet.MaxTopics} of them.");
                break;
            case "UNSUBSCRIBE":
                socket.Topics = socket.Topics.Without(Topics(json));
                break;
            case "PING":
                socket.Send(PanelMessages.Pong);
                break;
            case var type:
                throw new ApiException(400, "UNKNOWN_MESSAGE", type is null ? "A message has a 'type'." : $"There is no message '{type}'.");
        }
    }

    // Keys are parts of the state.
    private static IEnumerable<string> Topics(JsonElement json) =>
        (JsonFields.Texts(json, "topics") ?? []).Concat((JsonFields.Texts(json, "keys") ?? []).Select(static key => "state:" + key));

    private static string? RequestId(JsonElement json)
    {
        const int MaxLength = 256;
        var id = JsonFields.Text(json, "requestId");
        return id is null or { Length: <= MaxLength } ? id : throw ApiException.BadRequest($"'requestId' has more than {MaxLength} characters.");
    }
}
