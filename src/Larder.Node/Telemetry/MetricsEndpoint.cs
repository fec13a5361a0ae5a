using Larder.Node.Http;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Telemetry;

/// <summary><c>/metrics</c> in the Prometheus text format.</summary>
internal sealed class MetricsEndpoint : IEndpoint
{
    public const string Path = "/metrics";

    private const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly PrometheusListener _listener;

    public MetricsEndpoint(PrometheusListener listener) => _listener = listener;

    public string Name => "metrics";

    public Task HandleAsync(NodeRequest request) =>
        !request.Allow(RequestMethod.Get | RequestMethod.Head)
        || (!request.Services.Options.OpenMetrics && !request.Authorize("admin", AccessRights.Read))
            ? Task.CompletedTask
            : Answer.TextAsync(
                request,
                StatusCodes.Status200OK,
                _listener.Render(),
                MediaType);
}
