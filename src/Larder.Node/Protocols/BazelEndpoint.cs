using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Http;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Protocols;

/// <summary>
/// Bazel's HTTP cache. Content is shared by all instances and must have the digest that names it; action results are
/// kept per instance, and are only given out while everything they refer to is still here.
/// </summary>
internal sealed class BazelEndpoint : IEndpoint
{
    private const string Space = "bazel";
    private static readonly byte[] InstanceDomain = "larder:bazel-ac:1\0"u8.ToArray();

    /// <summary>The kind of action results.</summary>
    public static ArtifactKind ActionKind { get; } = ArtifactKind.Parse("bazel-ac");

    /// <summary>The kind of content.</summary>
    public static ArtifactKind ContentKind { get; } = ArtifactKind.Parse("bazel-cas");

    public string Name => "bazel";

    public Unhandled OnUnhandled => Unhandled.Miss;

    public bool ReadsOnLoop => true;

    public Task HandleAsync(NodeRequest request)
    {
        if (!BazelPath.TryParse(request.Path, out var path))
        {
            return BazelPath.HasShape(request.Path, out var problem)
                ? Answer.ErrorAsync(request, StatusCodes.Status400BadRequest, problem)
                : Answer.StatusAsync(request, StatusCodes.Status404NotFound);
        }

        if (!request.Allow(RequestMethod.Get | RequestMethod.Head | RequestMethod.Put | RequestMethod.Delete)
            || !request.Authorize(Space, request.IsRead ? AccessRights.Read : AccessRights.Write))
        {
            return Task.CompletedTask;
        }

        return path.IsAction
            ? HandleActionAsync(request, KeyOfAction(path))
            : HandleContentAsync(request, new ArtifactKey(ContentKind, path.Hash));
    }

    private static ArtifactKey KeyOfAction(BazelPath path) => new(
        ActionKind,
        path.Instance.Length == 0
            ? path.Hash
            : CcacheEndpoint.Name256(InstanceDomain, $"{path.Instance}\0{path.Hash}"));

    private static Task HandleContentAsync(NodeRequest request, ArtifactKey key)
    {
        if (key.Fingerprint == Fingerprint.OfNothing)
        {
            return HandleEmptyAsync(request);
        }

        return request.Method switch
        {
            RequestMethod.Put => BuildDialect.PutAsync(request, key, key.Fingerprint),
            RequestMethod.Delete => BuildDialect.DeleteAsync(request, key),
            _ => BuildDialect.GetAsync(request, key),
        };
    }

    // The content of no bytes is always here: clients ask for it as the output of silent actions and as a probe.
    private static async Task HandleEmptyAsync(NodeRequest request)
    {
        if (request.Method == RequestMethod.Put)
        {
            if (!BlobUpload.Accept(request, request.Services.Options.Limits.BodyBytes))
            {
                return;
            }

            if (await Document.ReadAsync(request, 0).ConfigureAwait(false) is null)
            {
                BlobUpload.Refuse(request, StatusCodes.Status400BadRequest);
                return;
            }

            Answer.Empty(request, StatusCodes.Status200OK);
            return;
        }

        if (request.IsRead)
        {
            request.Http.Response.Headers.ETag = BlobResponse.EntityTag(Fingerprint.OfNothing);
            request.Http.Response.ContentType = "application/octet-stream";
        }

        Answer.Empty(request, request.IsRead ? StatusCodes.Status200OK : StatusCodes.Status204NoContent);
    }

    private static Task HandleActionAsync(NodeRequest request, ArtifactKey key) => request.Method switch
    {
        RequestMethod.Put => PutActionAsync(request, key),
        RequestMethod.Delete => BuildDialect.DeleteAsync(request, key),
        _ => GetActionAsync(request, key),
    };

    private static async Task GetActionAsync(NodeRequest request, ArtifactKey key)
    {
        // The check reads trees and asks after many files.
        await request.LeaveLoopAsync().ConfigureAwait(false);
        var artifact = await request.Services.Watch.GetAsync(request, key).ConfigureAwait(false);
        if (!artifact.IsHit)
        {
            Answer.Empty(request, StatusCodes.Status404NotFound);
            return;
        }

        if (await ActionCheck.IsCompleteAsync(request, artifact.Content).ConfigureAwait(false))
        {
            await BlobResponse.SendAsync(request, artifact).ConfigureAwait(false);
            return;
        }

        artifact.Dispose();
        Answer.Empty(request, StatusCodes.Status404NotFound);
    }

    private static async Task PutActionAsync(NodeRequest request, ArtifactKey key)
    {
        var limit = request.Services.Options.Limits.DocumentBytes;
        if (!BlobUpload.Accept(request, limit))
        {
            return;
        }

        var body = await Document.ReadAsync(request, limit).ConfigureAwait(false);
        if (body is null)
        {
            BlobUpload.Refuse(request, StatusCodes.Status413PayloadTooLarge);
            return;
        }

        if (!ActionResultReader.TryRead(body, static (_, _) => { }, 0))
        {
            await Answer.ErrorAsync(
                request, StatusCodes.Status400BadRequest, "The body is not an ActionResult message.").ConfigureAwait(false);
            return;
        }

        var outcome = await request.Services.Store.PutAsync(key, body).ConfigureAwait(false);
        BuildDialect.AnswerPut(request, new UploadResult(outcome));
    }
}
