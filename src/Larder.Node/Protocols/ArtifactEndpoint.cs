using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Http;
using Larder.Node.Maintenance;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Protocols;

/// <summary>Larder's own API: <c>/v1/artifacts/{kind}/{fingerprint}</c>, and <c>/v1/artifacts/{kind}</c> to list.</summary>
internal sealed class ArtifactEndpoint : IEndpoint
{
    /// <summary>Where the paths begin.</summary>
    public const string Prefix = "/v1/artifacts/";

    public string Name => "artifacts";

    public Unhandled OnUnhandled => Unhandled.Miss;

    public bool ReadsOnLoop => true;

    /// <summary>The namespace that rights on a kind are given in.</summary>
    public static string SpaceOf(ArtifactKind kind) =>
        kind == BazelEndpoint.ActionKind || kind == BazelEndpoint.ContentKind ? "bazel" : kind.Name;

    public Task HandleAsync(NodeRequest request)
    {
        var rest = request.Path.AsSpan(Prefix.Length);
        var slash = rest.IndexOf('/');
        var kindName = slash < 0 ? rest : rest[..slash];
        if (!ArtifactKind.TryParse(KindNames.Get(kindName), out var kind))
        {
            return Answer.ErrorAsync(request, StatusCodes.Status400BadRequest, KindSentence);
        }

        if (slash < 0)
        {
            return ListAsync(request, kind);
        }

        if (!Fingerprint.TryParse(rest[(slash + 1)..], out var fingerprint))
        {
            return Answer.ErrorAsync(
                request,
                StatusCodes.Status400BadRequest,
                $"After the kind comes the fingerprint as {Fingerprint.TextLength} hexadecimal digits.");
        }

        if (!request.Allow(RequestMethod.Get | RequestMethod.Head | RequestMethod.Put | RequestMethod.Delete)
            || !request.Authorize(SpaceOf(kind), request.IsRead ? AccessRights.Read : AccessRights.Write))
        {
            return Task.CompletedTask;
        }

        var key = new ArtifactKey(kind, fingerprint);
        return request.Method switch
        {
            RequestMethod.Put => PutAsync(request, key),
            RequestMethod.Delete => BuildDialect.DeleteAsync(request, key),
            _ => GetAsync(request, key),
        };
    }

    private const string KindSentence =
        "After /v1/artifacts/ comes a kind: 1 to 48 characters of a-z, 0-9, '-', '_', '.', beginning with a letter or digit.";

    private static async Task ListAsync(NodeRequest request, ArtifactKind kind)
    {
        await request.LeaveLoopAsync().ConfigureAwait(false);
        await EntriesEndpoint.ListAsync(request, kind).ConfigureAwait(false);
    }

    private static async Task GetAsync(NodeRequest request, ArtifactKey key)
    {
        var artifact = await request.Services.Watch.GetAsync(request, key).ConfigureAwait(false);
        if (!artifact.IsHit)
        {
            Answer.Empty(request, StatusCodes.Status404NotFound);
            return;
        }

        MetadataHeaders.Write(request.Http.Response.Headers, artifact.Metadata, artifact.Source);
        await BlobResponse.SendAsync(request, artifact).ConfigureAwait(false);
    }

    private static async Task PutAsync(NodeRequest request, ArtifactKey key)
    {
        var limit = BuildDialect.LimitFor(request, key.Kind);
        if (!BlobUpload.Accept(request, limit))
        {
            return;
        }

        if (!MetadataHeaders.TryRead(request.Http.Request.Headers, out var description, out var problem))
        {
            await Answer.ErrorAsync(request, StatusCodes.Status400BadRequest, problem).ConfigureAwait(false);
            return;
        }

        if (await HoldsBackAsync(request, key).ConfigureAwait(false))
        {
            return;
        }

        if (description.CreatedAt == default)
        {
            description = description with { CreatedAt = request.Services.Clock.GetUtcNow() };
        }

        var result = await BlobUpload.ReceiveAsync(request, key, description, limit).ConfigureAwait(false);
        await AnswerPutAsync(request, result).ConfigureAwait(false);
    }

    // If-None-Match and If-Match of a PUT: 412 when the artifact that is here forbids it.
    private static async ValueTask<bool> HoldsBackAsync(NodeRequest request, ArtifactKey key)
    {
        var headers = request.Http.Request.Headers;
        if (headers.IfNoneMatch.Count == 0 && headers.IfMatch.Count == 0)
        {
            return false;
        }

        using var present = await request.Services.Watch.GetAsync(request, key).ConfigureAwait(false);
        var tag = present.IsHit ? BlobResponse.EntityTag(present.Metadata.Digest) : null;
        if ((headers.IfNoneMatch.Count > 0 && tag is not null && BlobResponse.Names(headers.IfNoneMatch, tag))
            || (headers.IfMatch.Count > 0 && (tag is null || !BlobResponse.Names(headers.IfMatch, tag))))
        {
            Answer.Empty(request, StatusCodes.Status412PreconditionFailed);
            return true;
        }

        return false;
    }

    private static Task AnswerPutAsync(NodeRequest request, UploadResult result)
    {
        if (result.IsReadable)
        {
            request.Http.Response.Headers.ETag = BlobResponse.EntityTag(result.Digest);
            request.Http.Response.Headers[MetadataHeaders.Digest] = result.Digest.ToString();
        }

        switch (result.Outcome)
        {
            case PutOutcome.Stored:
                return Answer.StatusAsync(request, StatusCodes.Status201Created);
            case PutOutcome.AlreadyPresent:
                return Answer.StatusAsync(request, StatusCodes.Status200OK);
            case PutOutcome.DigestMismatch:
                return Answer.ErrorAsync(
                    request, StatusCodes.Status400BadRequest, "The body does not have the digest that was announced for it.");
            case PutOutcome.TooLarge when result.IsEndless:
                BlobUpload.Refuse(request, StatusCodes.Status413PayloadTooLarge);
                return Task.CompletedTask;
            default:
                request.Services.Metrics.CountDropped();
                return Answer.JsonAsync(
                    request,
                    StatusCodes.Status202Accepted,
                    new NotStoredBody(false, result.Reason),
                    NodeJson.Default.NotStoredBody);
        }
    }
}
