using Larder.Node.Http;
using Larder.Node.Security;

namespace Larder.Node.Dashboard;

/// <summary>
/// The page at <c>/</c> and the figures behind it, and the page at <c>/playground</c>. The pages are open to everyone,
/// because they hold no figures and ask for a token themselves; figures need read rights in <c>admin</c>.
/// </summary>
internal sealed class DashboardEndpoint(NodeDashboard dashboard) : IEndpoint
{
    /// <summary>The endpoint's name in metrics.</summary>
    public const string EndpointName = "dashboard";

    /// <summary>Every path that is answered here; those that end with a slash stand for all below them.</summary>
    public static readonly IReadOnlyList<string> Paths =
        ["/", DashboardAssets.Playground, "/dashboard/", "/v1/stats", "/v1/history", "/v1/events", "/v1/live"];

    public string Name => EndpointName;

    public async Task HandleAsync(NodeRequest request)
    {
        if (DashboardEndpoints.NeedsRights(request.Path) && !request.Authorize("admin", AccessRights.Read))
        {
            return;
        }

        if (!await dashboard.Endpoints.TryHandleAsync(request.Http, dashboard.Draining).ConfigureAwait(false))
        {
            Answer.Empty(request, Microsoft.AspNetCore.Http.StatusCodes.Status404NotFound);
        }
    }
}
