using Larder.Node.Protocols;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Larder.Node.Http;

/// <summary>
/// Stands directly on the HTTP server, where a web framework's pipeline would: finds the endpoint, guards the border,
/// counts. What is left out (routing, scopes, diagnostics events, binding) costs more than serving a small artifact.
/// </summary>
internal sealed class NodeApplication : IHttpApplication<NodeRequest>
{
    private readonly NodeServices _services;
    private readonly RouteTable _routes;

    public NodeApplication(NodeServices services, RouteTable routes)
    {
        _services = services;
        _routes = routes;
    }

    public NodeRequest CreateContext(IFeatureCollection contextFeatures)
    {
        NodeRequest request;
        if (contextFeatures is IHostContextContainer<NodeRequest> container)
        {
            request = container.HostContext ??= new NodeRequest(_services);
        }
        else
        {
            request = new NodeRequest(_services);
        }

        request.Begin(contextFeatures);
        _services.Metrics.Begin();
        return request;
    }

    public async Task ProcessRequestAsync(NodeRequest context)
    {
        try
        {
            var endpoint = FindEndpoint(context);

            // The console may hold up whoever writes to it.
            if (endpoint is not { ReadsOnLoop: true } || !context.IsRead || _services.Options.AccessLog)
            {
                await context.LeaveLoopAsync().ConfigureAwait(false);
            }

            await (endpoint?.HandleAsync(context) ?? RefusePathAsync(context)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.IsExpired)
        {
            // The watch has sent the miss.
        }
        catch (Exception exception) when (IsClientFault(exception))
        {
            // The server knows which status belongs to a malformed, slow or broken request, and closes the connection.
            throw;
        }
        catch (Exception exception)
        {
            await HandleFailureAsync(context, exception).ConfigureAwait(false);
        }
    }

    public void DisposeContext(NodeRequest context, Exception? exception)
    {
        var elapsed = _services.Clock.GetElapsedTime(context.StartedAt);
        _services.Metrics.End(context, elapsed);
        if (_services.Options.AccessLog)
        {
            var http = context.Http;
            Log.Access(
                _services.Logger, http.Request.Method, context.Path, http.Response.StatusCode, elapsed.TotalMilliseconds);
        }

        context.End();
    }

    private IEndpoint? FindEndpoint(NodeRequest request)
    {
        var target = request.Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!RequestPath.TryParse(target, out var path))
        {
            return null;
        }

        request.Path = path;
        return request.Endpoint = _routes.Find(path);
    }

    private static Task RefusePathAsync(NodeRequest request) => Answer.ErrorAsync(
        request,
        StatusCodes.Status400BadRequest,
        "The path has an empty, '.' or '..' segment, a backslash, a control character or doubly encoded text.");

    private async Task HandleFailureAsync(NodeRequest request, Exception exception)
    {
        var http = request.Http;
        Log.RequestFailed(_services.Logger, http.Request.Method, request.Path, exception);
        if (http.Response.HasStarted)
        {
            // Part of an answer has gone out. Cutting the connection is the only way to say that it is not whole.
            http.Abort();
            return;
        }

        http.Response.Headers.Clear();
        if (request.Endpoint?.OnUnhandled != Unhandled.Miss)
        {
            await Answer.ErrorAsync(request, StatusCodes.Status503ServiceUnavailable, "The node failed to do this; its log says why.")
                .ConfigureAwait(false);
        }
        else if (request.IsRead)
        {
            Answer.Empty(request, StatusCodes.Status404NotFound);
        }
        else
        {
            BuildDialect.Drop(request, "failed");
        }
    }

    private static bool IsClientFault(Exception exception) =>
        exception is BadHttpRequestException
            or Microsoft.AspNetCore.Connections.ConnectionResetException
            or Microsoft.AspNetCore.Connections.ConnectionAbortedException
            or OperationCanceledException;
}
