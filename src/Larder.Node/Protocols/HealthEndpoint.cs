using Larder.Node.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Protocols;

/// <summary>
/// <c>/healthz</c>: the process answers. <c>/readyz</c>: work should be sent here. Open to everyone, because whoever asks
/// is a machine without a token and hears one short sentence.
/// </summary>
internal sealed class HealthEndpoint : IEndpoint
{
    public const string Live = "/healthz";
    public const string Ready = "/readyz";

    public string Name => "health";

    public Task HandleAsync(NodeRequest request)
    {
        if (!request.Allow(RequestMethod.Get | RequestMethod.Head))
        {
            return Task.CompletedTask;
        }

        request.Http.Response.Headers.CacheControl = "no-store";
        var state = request.Services.State;
        return request.Path == Live
            ? Answer.TextAsync(request, StatusCodes.Status200OK, "ok\n")
            : Answer.TextAsync(
                request,
                state.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
                state.Reason + "\n");
    }
}
