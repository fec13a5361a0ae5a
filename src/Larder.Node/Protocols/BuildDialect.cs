using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Protocols;

/// <summary>
/// What the caches of build tools have in common: a read is a hit or a 404, a write is taken or silently dropped, and
/// nothing that happens in the node may fail or stall a build.
/// </summary>
internal static class BuildDialect
{
    /// <summary>The header that tells a person why a write that was answered with success is not there.</summary>
    public const string StoredHeader = "Larder-Stored";

    /// <summary>Answers a GET or HEAD.</summary>
    public static Task GetAsync(NodeRequest request, ArtifactKey key)
    {
        var pending = request.Services.Watch.GetAsync(request, key);
        return pending.IsCompletedSuccessfully
            ? AnswerAsync(request, pending.Result)
            : AwaitAsync(request, pending);

        static async Task AwaitAsync(NodeRequest request, ValueTask<Storage.StoredArtifact> pending) =>
            await AnswerAsync(request, await pending.ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>
    /// Answers a PUT: 201 stored, 200 there already or dropped (with <see cref="StoredHeader"/>), 400 for bytes that are
    /// not what their name says, 411 and 413 before the body is read.
    /// </summary>
    /// <param name="request">The PUT.</param>
    /// <param name="key">What is being stored.</param>
    /// <param name="digest">The digest to insist on; default for none.</param>
    public static async Task PutAsync(NodeRequest request, ArtifactKey key, Fingerprint digest = default)
    {
        var limit = LimitFor(request, key.Kind);
        if (!BlobUpload.Accept(request, limit))
        {
            return;
        }

        var description = ArtifactWriter.AsWritten with { Digest = digest, CreatedAt = request.Services.Clock.GetUtcNow() };
        var result = await BlobUpload.ReceiveAsync(request, key, description, limit).ConfigureAwait(false);
        AnswerPut(request, result);
    }

    /// <summary>Answers a DELETE: 204 when something went, 404 when there was nothing.</summary>
    public static async Task DeleteAsync(NodeRequest request, ArtifactKey key)
    {
        var removed = await request.Services.Store.RemoveAsync(key).ConfigureAwait(false);
        Answer.Empty(request, removed ? StatusCodes.Status204NoContent : StatusCodes.Status404NotFound);
    }

    /// <summary>Prepares the answer to a PUT.</summary>
    public static void AnswerPut(NodeRequest request, UploadResult result)
    {
        switch (result.Outcome)
        {
            case PutOutcome.Stored:
                Answer.Empty(request, StatusCodes.Status201Created);
                break;
            case PutOutcome.AlreadyPresent:
                Answer.Empty(request, StatusCodes.Status200OK);
                break;
            case PutOutcome.DigestMismatch:
                Answer.Empty(request, StatusCodes.Status400BadRequest);
                break;
            case PutOutcome.TooLarge when result.IsEndless:
                BlobUpload.Refuse(request, StatusCodes.Status413PayloadTooLarge);
                break;
            default:
                Drop(request, result.Reason);
                break;
        }
    }

    /// <summary>Prepares the answer to a PUT whose body was read and is not kept.</summary>
    public static void Drop(NodeRequest request, string reason)
    {
        request.Http.Response.Headers[StoredHeader] = "no; reason=" + reason;
        request.Services.Metrics.CountDropped();
        Answer.Empty(request, StatusCodes.Status200OK);
    }

    /// <summary>Most bytes of one upload of a kind.</summary>
    public static long LimitFor(NodeRequest request, ArtifactKind kind) =>
        Math.Min(request.Services.Options.Limits.BodyBytes, request.Services.Store.Cache.OptionsFor(kind).MaxEntryBytes);

    private static Task AnswerAsync(NodeRequest request, Storage.StoredArtifact artifact) =>
        artifact.IsHit
            ? BlobResponse.SendAsync(request, artifact)
            : Answer.StatusAsync(request, StatusCodes.Status404NotFound);
}
