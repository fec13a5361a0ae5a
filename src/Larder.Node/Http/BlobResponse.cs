using System.Buffers;
using System.Globalization;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Storage;
using Larder.Node.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Larder.Node.Http;

/// <summary>
/// Sends the bytes of an artifact: whole or in a range, conditionally, or only their headers. The heart of the node.
/// </summary>
/// <remarks>
/// Bytes go from the leased memory or the leased file handle into the connection's own buffers, at most
/// <see cref="SliceBytes"/> at a time, and each slice is flushed before the next is read: one connection never holds
/// more than that, however large the artifact. The first slice is read before the status line is written, so that
/// trouble with the medium is still a miss; after that the only honest answer to trouble is to cut the connection,
/// which no client takes for a whole body.
/// </remarks>
internal static class BlobResponse
{
    /// <summary>Most bytes that are copied between two flushes.</summary>
    public const int SliceBytes = 64 * 1024;

    // Most bytes of a file that are handed to the kernel between two looks at the client.
    private const int FilePartBytes = 4 * 1024 * 1024;

    /// <summary>Answers a GET or HEAD with the artifact and disposes it.</summary>
    public static async Task SendAsync(NodeRequest request, StoredArtifact artifact)
    {
        try
        {
            if (Prepare(request, artifact.Metadata, out var range))
            {
                await SendBodyAsync(request, artifact.Content, range).ConfigureAwait(false);
            }
        }
        finally
        {
            artifact.Dispose();
        }
    }

    /// <summary>The entity tag of a digest: strong, and the same in every tier and node.</summary>
    public static string EntityTag(Fingerprint digest) => string.Create(
        Fingerprint.TextLength + 2,
        digest,
        static (text, value) =>
        {
            text[0] = '"';
            value.TryFormat(text[1..], out _);
            text[^1] = '"';
        });

    /// <summary>Whether a list of entity tags names <paramref name="tag"/> or is <c>*</c>; weak tags count as strong.</summary>
    public static bool Names(StringValues list, string tag)
    {
        foreach (var line in list)
        {
            foreach (var part in line.AsSpan().Split(','))
            {
                var item = line.AsSpan()[part].Trim();
                item = item.StartsWith("W/", StringComparison.Ordinal) ? item[2..] : item;
                if (item is "*" || item.SequenceEqual(tag))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // Writes status and headers; true when a body follows.
    private static bool Prepare(NodeRequest request, ArtifactMetadata metadata, out ByteRange range)
    {
        range = new ByteRange(0, metadata.Length);
        var asked = request.Http.Request.Headers;
        var response = request.Http.Response;
        var headers = response.Headers;
        var text = MetadataText.Of(metadata);
        var tag = text.EntityTag;
        headers.ETag = tag;
        if (asked.IfMatch.Count > 0 && !Names(asked.IfMatch, tag))
        {
            Answer.Empty(request, StatusCodes.Status412PreconditionFailed);
            return false;
        }

        if (asked.IfNoneMatch.Count > 0 && Names(asked.IfNoneMatch, tag))
        {
            Answer.Empty(request, StatusCodes.Status304NotModified);
            return false;
        }

        headers.ContentType = "application/octet-stream";
        if (asked.Range.Count == 1 && request.Method == RequestMethod.Get && RangeStillHolds(asked.IfRange, tag))
        {
            switch (RangeHeader.Parse(asked.Range[0], metadata.Length, out range))
            {
                case RangeOutcome.Unsatisfiable:
                    headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{metadata.Length}");
                    Answer.Empty(request, StatusCodes.Status416RangeNotSatisfiable);
                    return false;
                case RangeOutcome.Partial:
                    response.StatusCode = StatusCodes.Status206PartialContent;
                    headers.ContentRange = string.Create(
                        CultureInfo.InvariantCulture, $"bytes {range.Offset}-{range.End - 1}/{metadata.Length}");
                    break;
                default:
                    break;
            }
        }

        headers.AcceptRanges = "bytes";
        headers.ContentLength = range.Length;
        return range.Length > 0 && !request.IsHead;
    }

    // A range of another version than the client has a part of would be glued to the wrong bytes. Dates are too coarse.
    private static bool RangeStillHolds(StringValues ifRange, string tag) =>
        ifRange.Count == 0 || (ifRange.Count == 1 && string.Equals(ifRange[0], tag, StringComparison.Ordinal));

    private static async ValueTask SendBodyAsync(NodeRequest request, ArtifactContent content, ByteRange range)
    {
        if (content.TryGetMemory(out var memory))
        {
            await SendMemoryAsync(request, memory.Slice((int)range.Offset, (int)range.Length)).ConfigureAwait(false);
            request.Services.Metrics.CountSent(range.Length);
            return;
        }

        var sent = await SendFirstAsync(request, content, range).ConfigureAwait(false);
        if (sent > 0 && sent < range.Length)
        {
            if (content.File is not null && request.Output is { } output)
            {
                await SendFileAsync(request, output, content, range, sent).ConfigureAwait(false);
            }
            else
            {
                await SendRestAsync(request, content, range, sent).ConfigureAwait(false);
            }
        }

        if (sent > 0)
        {
            request.Services.Metrics.CountSent(range.Length);
        }
    }

    private static async ValueTask SendMemoryAsync(NodeRequest request, ReadOnlyMemory<byte> memory)
    {
        var body = request.Http.Response.BodyWriter;
        if (memory.Length <= SliceBytes)
        {
            // The server flushes headers and body together when the request ends.
            memory.Span.CopyTo(body.GetSpan(memory.Length));
            body.Advance(memory.Length);
            return;
        }

        var aborted = request.Http.RequestAborted;
        while (!memory.IsEmpty && !aborted.IsCancellationRequested)
        {
            var slice = memory[..Math.Min(memory.Length, SliceBytes)];
            var flushed = await body.WriteAsync(slice, CancellationToken.None).ConfigureAwait(false);
            if (flushed.IsCompleted)
            {
                return;
            }

            memory = memory[slice.Length..];
        }
    }

    // Sends the first slice with the headers, which nothing was written of yet; 0 and a miss when it cannot be read.
    private static async ValueTask<int> SendFirstAsync(NodeRequest request, ArtifactContent content, ByteRange range)
    {
        var length = (int)Math.Min(range.Length, SliceBytes);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            // What is longer than a slice, or is not in the page cache, may have to wait for the medium.
            if (length < range.Length || !content.TryReadCached(range.Offset, buffer.AsSpan(0, length)))
            {
                await request.LeaveLoopAsync().ConfigureAwait(false);
                ReadExactly(content, range.Offset, buffer.AsSpan(0, length));
            }

            await request.Http.Response.BodyWriter.WriteAsync(buffer.AsMemory(0, length), CancellationToken.None)
                .ConfigureAwait(false);
            return length;
        }
        catch (Exception exception) when (exception is CacheException or IOException && !request.Http.Response.HasStarted)
        {
            request.Services.Store.ReportRead(exception);
            request.Http.Response.Headers.Clear();
            Answer.Empty(request, StatusCodes.Status404NotFound);
            return 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask SendRestAsync(NodeRequest request, ArtifactContent content, ByteRange range, long sent)
    {
        var body = request.Http.Response.BodyWriter;
        var aborted = request.Http.RequestAborted;
        var flushed = await body.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            while (sent < range.Length && !flushed.IsCompleted && !aborted.IsCancellationRequested)
            {
                var length = (int)Math.Min(range.Length - sent, SliceBytes);
                ReadExactly(content, range.Offset + sent, body.GetSpan(length)[..length]);
                body.Advance(length);
                sent += length;
                flushed = await body.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is CacheException or IOException)
        {
            request.Services.Store.ReportRead(exception);
            request.Http.Abort();
        }
    }

    // The kernel copies the rest from the file to the socket; the server is told of the bytes, so that it can count them.
    private static async ValueTask SendFileAsync(
        NodeRequest request, SocketOutput output, ArtifactContent content, ByteRange range, long sent)
    {
        var body = request.Http.Response.BodyWriter;
        var aborted = request.Http.RequestAborted;
        var flushed = await body.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        output.Attach(content.File!, range.Offset + sent); // The caller has looked.
        try
        {
            while (sent < range.Length && !flushed.IsCompleted && !aborted.IsCancellationRequested)
            {
                var length = (int)Math.Min(range.Length - sent, FilePartBytes);
                body.GetMemory();
                body.Advance(length);
                sent += length;
                flushed = await body.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            output.Detach();
        }

        if (output.FileFailure is { } failure)
        {
            request.Services.Store.ReportRead(failure);
            request.Http.Abort();
        }
    }

    /// <summary>Reads until the destination is full.</summary>
    /// <exception cref="CacheException">The bytes cannot be read or are too few.</exception>
    internal static void ReadExactly(ArtifactContent content, long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = content.Read(offset, destination);
            if (read == 0)
            {
                throw new CacheException(CacheErrorKind.Damaged, "An artifact ended before its length.");
            }

            offset += read;
            destination = destination[read..];
        }
    }
}
