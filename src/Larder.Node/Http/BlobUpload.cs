using System.IO.Pipelines;
using Larder.Cache.Artifacts;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Http;

/// <summary>Streams the body of a PUT into the store.</summary>
/// <remarks>
/// A body that the store does not take, for whatever reason, is read to its end and dropped, because a client in the
/// middle of sending hears nothing else than an answer that comes after. A body that ends early, breaks its framing or
/// comes too slowly stores nothing, and the server closes the connection.
/// </remarks>
internal static class BlobUpload
{
    /// <summary>
    /// Whether the body may be read at all. When not, the answer is prepared: 411 without a length, 413 for one that is
    /// too large, both before the client is told to go on.
    /// </summary>
    public static bool Accept(NodeRequest request, long limit)
    {
        var http = request.Http.Request;
        if (http.ContentLength is { } length)
        {
            if (length <= limit)
            {
                return true;
            }

            Refuse(request, StatusCodes.Status413PayloadTooLarge);
            return false;
        }

        if (http.Headers.TransferEncoding.Count > 0 || !HttpProtocol.IsHttp11(http.Protocol))
        {
            return true;
        }

        Refuse(request, StatusCodes.Status411LengthRequired);
        return false;
    }

    /// <summary>
    /// Stores the body under <paramref name="key"/>. The caller has asked <see cref="Accept"/>.
    /// </summary>
    /// <param name="request">The PUT.</param>
    /// <param name="key">What is being stored.</param>
    /// <param name="description">What to keep with it, and the digest to insist on.</param>
    /// <param name="limit">Most bytes, for bodies that do not say their length.</param>
    public static async ValueTask<UploadResult> ReceiveAsync(
        NodeRequest request, ArtifactKey key, ArtifactMetadata description, long limit)
    {
        var services = request.Services;
        if (!await services.UploadSlots.WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false))
        {
            return await DropAsync(request, new UploadResult(PutOutcome.Unavailable, "busy"), limit).ConfigureAwait(false);
        }

        try
        {
            var result = await StoreAsync(request, key, description, limit).ConfigureAwait(false);
            return result.IsReadable || result.IsEndless ? result : await DropAsync(request, result, limit).ConfigureAwait(false);
        }
        finally
        {
            services.UploadSlots.Release();
        }
    }

    /// <summary>Prepares a refusal that leaves the body unread and closes the connection.</summary>
    public static void Refuse(NodeRequest request, int status)
    {
        request.Http.Response.Headers.Connection = "close";
        Answer.Empty(request, status);
    }

    /// <summary>Reads from a body; whatever goes wrong there is the client's fault and is thrown as such.</summary>
    /// <exception cref="BadHttpRequestException">The body broke its framing, came too slowly or broke off.</exception>
    internal static async ValueTask<ReadResult> ReadAsync(PipeReader body)
    {
        try
        {
            return await body.ReadAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not BadHttpRequestException)
        {
            throw new BadHttpRequestException("The body cannot be read.", exception);
        }
    }

    private static async ValueTask<UploadResult> StoreAsync(
        NodeRequest request, ArtifactKey key, ArtifactMetadata description, long limit)
    {
        var writer = request.Services.Store.BeginWrite(key, request.Http.Request.ContentLength ?? -1);
        if (writer is null)
        {
            return new UploadResult(PutOutcome.Unavailable);
        }

        var run = new UploadRun(request, writer, limit);
        await using (run.ConfigureAwait(false))
        {
            return await run.StoreAsync(description).ConfigureAwait(false);
        }
    }

    // Reads what is left of the body, within the limit, and keeps nothing.
    private static async ValueTask<UploadResult> DropAsync(NodeRequest request, UploadResult result, long limit)
    {
        var body = request.Http.Request.BodyReader;
        var total = 0L;
        while (total <= limit)
        {
            var read = await ReadAsync(body).ConfigureAwait(false);
            total += read.Buffer.Length;
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return result;
            }
        }

        return result with { Outcome = PutOutcome.TooLarge, IsEndless = true };
    }
}
