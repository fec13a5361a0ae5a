using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Http;
using Larder.Node.Protocols;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Maintenance;

/// <summary>
/// What an operator asks for: <c>POST /v1/flush</c>, <c>/v1/purge</c>, <c>/v1/scrub</c> and
/// <c>/v1/verify/{kind}/{fingerprint}</c>.
/// </summary>
internal sealed class MaintenanceEndpoint : IEndpoint
{
    public const string Flush = "/v1/flush";
    public const string Purge = "/v1/purge";
    public const string Scrub = "/v1/scrub";
    public const string Verify = "/v1/verify/";

    private const string Space = "admin";

    /// <summary>Every path that is answered here.</summary>
    public static readonly IReadOnlyList<string> Paths = [Flush, Purge, Scrub, Verify];

    public string Name => "maintenance";

    public async Task HandleAsync(NodeRequest request)
    {
        if (!request.Allow(RequestMethod.Post))
        {
            return;
        }

        // Long work ends with the node and with the client that asked for it.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            request.Services.State.Stopping, request.Http.RequestAborted);
        try
        {
            await (request.Path switch
            {
                Flush => FlushAsync(request, ending.Token),
                Purge => PurgeAsync(request, ending.Token),
                Scrub => ScrubAsync(request, ending.Token),
                _ => VerifyAsync(request, ending.Token),
            }).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!request.Http.Response.HasStarted)
        {
            await Answer.ErrorAsync(
                request, StatusCodes.Status503ServiceUnavailable, "The node stops; what was done so far stays done.").ConfigureAwait(false);
        }
    }

    private static async Task FlushAsync(NodeRequest request, CancellationToken cancellationToken)
    {
        if (!request.Authorize(Space, AccessRights.Write))
        {
            return;
        }

        var report = await request.Services.Store.Cache.FlushAsync(cancellationToken).ConfigureAwait(false);
        await Answer.JsonAsync(
            request,
            StatusCodes.Status200OK,
            new FlushBody(report.Pending, report.Durable, report.Failed),
            NodeJson.Default.FlushBody).ConfigureAwait(false);
    }

    private static async Task PurgeAsync(NodeRequest request, CancellationToken cancellationToken)
    {
        var text = new QueryText(request);
        var kind = text.Kind("kind");
        var owner = text.Text("owner");
        var unused = text.Number("unusedSeconds", 0, most: 10L * 365 * 86400);
        var isDryRun = text.Switch("dryRun");
        if (!text.IsUnderstood())
        {
            await Answer.ErrorAsync(request, StatusCodes.Status400BadRequest, text.Problem!) // Not null: not understood.
                .ConfigureAwait(false);
            return;
        }

        if (!request.Authorize(Space, AccessRights.Write))
        {
            return;
        }

        var purge = new EntryPurge(request.Services.Store.Cache, kind, owner, request.Services.Clock.GetUtcNow().AddSeconds(-unused));
        var result = await purge.RunAsync(isDryRun, isForEveryAge: unused == 0, cancellationToken).ConfigureAwait(false);
        await Answer.JsonAsync(request, StatusCodes.Status200OK, result, NodeJson.Default.PurgeBody).ConfigureAwait(false);
    }

    private static async Task ScrubAsync(NodeRequest request, CancellationToken cancellationToken)
    {
        var text = new QueryText(request);
        var kind = text.Kind("kind");
        if (!text.IsUnderstood())
        {
            await Answer.ErrorAsync(request, StatusCodes.Status400BadRequest, text.Problem!) // Not null: not understood.
                .ConfigureAwait(false);
            return;
        }

        if (request.Authorize(Space, AccessRights.Write))
        {
            await ScrubStream.RunAsync(request, kind, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task VerifyAsync(NodeRequest request, CancellationToken cancellationToken)
    {
        var rest = request.Path.AsSpan(Verify.Length);
        var slash = rest.IndexOf('/');
        if (slash < 0
            || !ArtifactKind.TryParse(rest[..slash].ToString(), out var kind)
            || !Fingerprint.TryParse(rest[(slash + 1)..], out var fingerprint))
        {
            await Answer.ErrorAsync(
                request, StatusCodes.Status400BadRequest, "After /v1/verify/ come a kind and a fingerprint.").ConfigureAwait(false);
            return;
        }

        if (!request.Authorize(ArtifactEndpoint.SpaceOf(kind), AccessRights.Read))
        {
            return;
        }

        var key = new ArtifactKey(kind, fingerprint);
        var result = await EntryCheck.RunAsync(request.Services.Store, key, cancellationToken).ConfigureAwait(false);
        await Answer.JsonAsync(
            request, StatusCodes.Status200OK, new VerifyBody(result.ToString().ToLowerInvariant()), NodeJson.Default.VerifyBody)
            .ConfigureAwait(false);
    }
}
