using System.Net;
using System.Net.Http.Headers;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

// Reading. Nothing that the server says is believed: lengths are checked against what comes, and the payload against
// its digest by whoever reads it to the end.
public sealed partial class HttpRemoteStore
{
    // What the first of two requests for a part of a framed artifact asks for: nearly every header, and small payloads.
    private const int FirstPartBytes = 8 * 1024;

    /// <inheritdoc/>
    /// <remarks>
    /// On a plain server a part costs two requests, because the length of the header in front of the payload is not
    /// known before; a part within the first 8 KiB costs one.
    /// </remarks>
    public ValueTask<RemoteArtifact?> GetAsync(ArtifactKey key, ByteRange? range, CancellationToken cancellationToken)
    {
        if (range is { } wanted)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(wanted.Offset, nameof(range));
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted.Length, nameof(range));
        }

        return _options.Flavour == HttpRemoteFlavour.Larder
            ? GetFromLarderAsync(key, range, cancellationToken)
            : GetFramedAsync(key, range, cancellationToken);
    }

    private async ValueTask<RemoteArtifact?> GetFromLarderAsync(
        ArtifactKey key, ByteRange? range, CancellationToken cancellationToken)
    {
        var answer = await OpenAsync(key, range, null, cancellationToken).ConfigureAwait(false);
        if (answer is null)
        {
            return null;
        }

        HttpBodyStream? body = null;
        try
        {
            if (answer.Content.Headers.ContentLength is not { } length)
            {
                throw Unusable(key, "the answer does not say its length");
            }

            var part = PartOf(key, answer, length, out var total);
            if (LarderHeaders.Read(answer, total) is not { } metadata)
            {
                throw Unusable(key, $"the answer holds no {LarderHeaders.Digest}");
            }

            CheckSize(key, total);
            body = await BodyAsync(answer, key, length, cancellationToken).ConfigureAwait(false);
            return await CutAsync(key, metadata, body, part, range, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await DisposeAsync(answer, body).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<RemoteArtifact?> GetFramedAsync(
        ArtifactKey key, ByteRange? range, CancellationToken cancellationToken)
    {
        var first = range is { } wanted ? new ByteRange(0, FirstPartBytes + Math.Min(wanted.End, FirstPartBytes)) : (ByteRange?)null;
        var answer = await OpenAsync(key, first, null, cancellationToken).ConfigureAwait(false);
        if (answer is null)
        {
            return null;
        }

        HttpBodyStream? body = null;
        try
        {
            var have = answer.Content.Headers.ContentLength ?? long.MaxValue;
            body = await BodyAsync(answer, key, have, cancellationToken).ConfigureAwait(false);
            var (metadata, headerLength) = await ReadHeaderAsync(key, body, cancellationToken).ConfigureAwait(false);
            CheckSize(key, metadata.Length);
            var whole = answer.StatusCode == HttpStatusCode.PartialContent
                ? answer.Content.Headers.ContentRange?.Length ?? headerLength + metadata.Length
                : have == long.MaxValue ? headerLength + metadata.Length : have;
            if (whole != headerLength + metadata.Length)
            {
                throw Damaged(key, "its header and its length contradict each other");
            }

            var part = range ?? new ByteRange(0, metadata.Length);
            CheckRange(part, metadata.Length);
            if (headerLength + part.End <= have)
            {
                var present = new ByteRange(0, Math.Min(metadata.Length, have - headerLength));
                return await CutAsync(key, metadata, body, present, range, cancellationToken).ConfigureAwait(false);
            }

            var tag = answer.Headers.ETag;
            await DisposeAsync(answer, body).ConfigureAwait(false);
            return await GetRestAsync(key, metadata, headerLength, part, tag, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await DisposeAsync(answer, body).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The second request for a part: now the place of the payload is known.</summary>
    private async ValueTask<RemoteArtifact?> GetRestAsync(
        ArtifactKey key,
        ArtifactMetadata metadata,
        int headerLength,
        ByteRange range,
        EntityTagHeaderValue? tag,
        CancellationToken cancellationToken)
    {
        var shifted = range with { Offset = range.Offset + headerLength };
        var answer = await OpenAsync(key, shifted, tag, cancellationToken).ConfigureAwait(false);
        if (answer is null)
        {
            return null;
        }

        HttpBodyStream? body = null;
        try
        {
            var have = answer.Content.Headers.ContentLength ?? shifted.Length;
            if (answer.StatusCode == HttpStatusCode.PartialContent)
            {
                if (PartOf(key, answer, have, out _) != shifted)
                {
                    throw Damaged(key, "the server sent another part than was asked for");
                }

                body = await BodyAsync(answer, key, have, cancellationToken).ConfigureAwait(false);
                return new RemoteArtifact(metadata, range, body);
            }

            // The whole again, because it was replaced meanwhile: then its header is another one.
            body = await BodyAsync(answer, key, answer.Content.Headers.ContentLength ?? long.MaxValue, cancellationToken).ConfigureAwait(false);
            var (now, _) = await ReadHeaderAsync(key, body, cancellationToken).ConfigureAwait(false);
            return await CutAsync(key, now, body, new ByteRange(0, now.Length), range, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await DisposeAsync(answer, body).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<HttpResponseMessage?> OpenAsync(
        ArtifactKey key, ByteRange? range, EntityTagHeaderValue? tag, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(
            HttpMethod.Get,
            key,
            null,
            request =>
            {
                if (range is { } part)
                {
                    request.Headers.Range = new RangeHeaderValue(part.Offset, part.End - 1);
                    request.Headers.IfRange = tag is { IsWeak: false } ? new RangeConditionHeaderValue(tag) : null;
                }
            },
            cancellationToken).ConfigureAwait(false);
        if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent && (range is not null || answer.StatusCode == HttpStatusCode.OK))
        {
            return answer;
        }

        using (answer)
        {
            return IsAbsent(answer) ? null : throw Refused(answer, "GET", key);
        }
    }

    /// <summary>Which bytes the body of an answer holds, and of how many.</summary>
    private ByteRange PartOf(ArtifactKey key, HttpResponseMessage answer, long length, out long total)
    {
        if (answer.StatusCode == HttpStatusCode.OK)
        {
            total = length;
            return new ByteRange(0, length);
        }

        if (answer.Content.Headers.ContentRange is not { HasRange: true, HasLength: true } said
            || said.To!.Value - said.From!.Value + 1 != length) // HasRange: both are set.
        {
            throw Unusable(key, "the answer does not say which part it is");
        }

        total = said.Length!.Value; // HasLength: set.
        return new ByteRange(said.From.Value, length);
    }

    private async ValueTask<HttpBodyStream> BodyAsync(
        HttpResponseMessage answer, ArtifactKey key, long length, CancellationToken cancellationToken)
    {
        var stream = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        return new HttpBodyStream(answer, stream, length, $"the body of {key} from {Name}", _options.IdleTimeout, _time);
    }

    /// <summary>Narrows a body that holds the bytes <paramref name="present"/> to those that are wanted.</summary>
    private static async ValueTask<RemoteArtifact> CutAsync(
        ArtifactKey key,
        ArtifactMetadata metadata,
        HttpBodyStream body,
        ByteRange present,
        ByteRange? wanted,
        CancellationToken cancellationToken)
    {
        var part = wanted ?? new ByteRange(0, metadata.Length);
        CheckRange(part, metadata.Length);
        if (part.Offset < present.Offset || part.End > present.End)
        {
            throw Damaged(key, "the server sent another part than was asked for");
        }

        await body.SkipAsync(part.Offset - present.Offset, cancellationToken).ConfigureAwait(false);
        body.Limit(part.Length);
        return new RemoteArtifact(metadata, part, body);
    }

    private static async ValueTask<(ArtifactMetadata Metadata, int Length)> ReadHeaderAsync(
        ArtifactKey key, HttpBodyStream body, CancellationToken cancellationToken)
    {
        var prefix = new byte[RemoteFrame.PrefixBytes];
        await ReadAsync(prefix).ConfigureAwait(false);
        if (!RemoteFrame.TryReadPrefix(prefix, out var length))
        {
            throw Damaged(key, "it does not begin as an artifact");
        }

        var header = new byte[length];
        prefix.CopyTo(header, 0);
        await ReadAsync(header.AsMemory(prefix.Length)).ConfigureAwait(false);
        return RemoteFrame.Decode(key, header) is { } metadata
            ? (metadata, length)
            : throw Damaged(key, "its header is damaged or that of another artifact");

        async ValueTask ReadAsync(Memory<byte> target)
        {
            while (!target.IsEmpty)
            {
                var read = await body.ReadAsync(target, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw Damaged(key, "it ends in its header");
                }

                target = target[read..];
            }
        }
    }

    private static async ValueTask DisposeAsync(HttpResponseMessage answer, HttpBodyStream? body)
    {
        if (body is not null)
        {
            await body.DisposeAsync().ConfigureAwait(false);
        }

        answer.Dispose();
    }

    private static void CheckRange(ByteRange range, long length)
    {
        if (range.End > length)
        {
            throw new CacheException(
                CacheErrorKind.Remote, $"bytes {range.Offset} to {range.End - 1} were asked for, but the artifact has {length}");
        }
    }

    private static CacheException Damaged(ArtifactKey key, string problem) => new(CacheErrorKind.Damaged, $"{key}: {problem}");

    private void CheckSize(ArtifactKey key, long length)
    {
        if (length > _options.MaxPayloadBytes)
        {
            throw new CacheException(
                CacheErrorKind.Remote, $"{key} at {Name} has {length} bytes; MaxPayloadBytes is {_options.MaxPayloadBytes}");
        }
    }

    private CacheException Unusable(ArtifactKey key, string problem) =>
        new(CacheErrorKind.Remote, $"GET {key} at {Name}: {problem}; is this a Larder node?");
}
