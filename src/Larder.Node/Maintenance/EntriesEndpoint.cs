using Larder.Cache.Artifacts;
using Larder.Node.Http;
using Larder.Node.Protocols;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Maintenance;

/// <summary>Lists what the disk tier holds: <c>GET /v1/entries</c>, and <c>GET /v1/artifacts/{kind}</c> for one kind.</summary>
internal sealed class EntriesEndpoint : IEndpoint
{
    public const string Path = "/v1/entries";

    public string Name => "entries";

    public Task HandleAsync(NodeRequest request) => ListAsync(request, null);

    /// <summary>Answers with a page; <paramref name="fixedKind"/> is the kind that the path names, if it names one.</summary>
    public static Task ListAsync(NodeRequest request, ArtifactKind? fixedKind)
    {
        if (!request.Allow(RequestMethod.Get | RequestMethod.Head))
        {
            return Task.CompletedTask;
        }

        var text = new QueryText(request);
        var kind = fixedKind ?? text.Kind("kind");
        var query = new ListQuery(
            kind,
            text.Text("prefix") ?? string.Empty,
            text.Number("minBytes", 0),
            request.Services.Clock.GetUtcNow().AddSeconds(-text.Number("unusedSeconds", 0, most: 10L * 365 * 86400)),
            text.Word("sort", "name", "size", "used"),
            text.Switch("descending"),
            (int)text.Number("skip", 0, ListQuery.MaxSkip),
            (int)text.Number("limit", 100, ListQuery.MaxLimit));
        if (!text.IsUnderstood())
        {
            return Answer.ErrorAsync(request, StatusCodes.Status400BadRequest, text.Problem!); // Not null: not understood.
        }

        var space = kind is null ? "admin" : ArtifactEndpoint.SpaceOf(kind.Value);
        if (!request.Authorize(space, AccessRights.Read))
        {
            return Task.CompletedTask;
        }

        var disk = request.Services.Store.Cache.Disk;
        return Answer.JsonAsync(
            request,
            StatusCodes.Status200OK,
            disk is null ? new ListPage([], 0) : query.Pick(disk.List(kind)),
            NodeJson.Default.ListPage);
    }
}
