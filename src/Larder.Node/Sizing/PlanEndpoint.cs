using Larder.Node.Handlers;
using Larder.Node.Http;
using Larder.Node.Maintenance;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Sizing;

/// <summary>
/// <c>GET /v1/plan</c>: how large the tiers should be by what the node was asked for so far. <c>DELETE /v1/plan</c> forgets
/// what it was asked for.
/// </summary>
/// <param name="handlers">The node's runtime of handlers.</param>
internal sealed class PlanEndpoint(HandlerService handlers) : IEndpoint
{
    public const string Path = "/v1/plan";

    private const string Space = "admin";

    public string Name => "plan";

    public Task HandleAsync(NodeRequest request)
    {
        if (!request.Allow(RequestMethod.Get | RequestMethod.Head | RequestMethod.Delete))
        {
            return Task.CompletedTask;
        }

        var isReset = HttpMethods.IsDelete(request.Http.Request.Method);
        var text = new QueryText(request);
        var target = text.Text("target");
        double? wanted = null;
        if (!text.IsUnderstood())
        {
            return Answer.ErrorAsync(request, StatusCodes.Status400BadRequest, text.Problem!); // Not null: not understood.
        }

        if (target is not null)
        {
            if (!SizingPlan.TryParseTarget(target, out var ratio))
            {
                return Answer.ErrorAsync(
                    request, StatusCodes.Status400BadRequest, $"'target' must be a hit ratio such as 0.9 or 90%; it is '{target}'.");
            }

            wanted = ratio;
        }

        if (!request.Authorize(Space, isReset ? AccessRights.Write : AccessRights.Read))
        {
            return Task.CompletedTask;
        }

        if (isReset)
        {
            request.Services.Store.Cache.ResetCurves();
            handlers.Current?.ResetCurves();
            return Answer.StatusAsync(request, StatusCodes.Status204NoContent);
        }

        request.Http.Response.Headers.CacheControl = "no-store";
        return Answer.JsonAsync(request, StatusCodes.Status200OK, NodePlan.Make(request.Services, handlers.Current, wanted), NodeJson.Default.SizingPlan);
    }
}
