using System.Buffers;
using System.Net;

namespace Larder.Cache.Remote;

/// <summary>The body of a PUT: a header, then exactly as many bytes of a stream as were announced.</summary>
internal sealed class UploadBody : HttpContent
{
    private const int CopyBytes = 64 * 1024;

    private readonly byte[] _header;

    // The caller's; read here, disposed there.
#pragma warning disable CA2213
    private readonly Stream _content;
#pragma warning restore CA2213
    private readonly long _contentLength;
    private CancellationTokenSource? _timer;
    private TimeSpan _idle;
    private TimeSpan _firstByte;

    public UploadBody(byte[] header, Stream content, long contentLength)
    {
        _header = header;
        _content = content;
        _contentLength = contentLength;
        Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/octet-stream");
    }

    /// <summary>Bytes of the whole body.</summary>
    public long Length => _header.Length + _contentLength;

    /// <summary>Why the content could not be read; null while it can. The other side is not to blame then.</summary>
    public CacheException? Failure { get; private set; }

    /// <summary>Sets a timer back whenever something is sent, and once more when all is.</summary>
    public void OnProgress(CancellationTokenSource timer, TimeSpan idle, TimeSpan firstByte) =>
        (_timer, _idle, _firstByte) = (timer, idle, firstByte);

    protected override bool TryComputeLength(out long length)
    {
        length = Length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Report(_idle);
        await stream.WriteAsync(_header, cancellationToken).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            for (var left = _contentLength; left > 0;)
            {
                var read = await ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken).ConfigureAwait(false);
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                Report(_idle);
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Report(_firstByte);
    }

    private async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var read = await _content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            return read > 0
                ? read
                : throw new CacheException(CacheErrorKind.Damaged, "the content ends before its length");
        }
        catch (CacheException exception)
        {
            Failure = exception;
            throw;
        }
        catch (IOException exception)
        {
            Failure = new CacheException(CacheErrorKind.Io, $"the content cannot be read: {exception.Message}", exception);
            throw Failure;
        }
    }

    // Never rearms a timer that has fired or is being disposed: the request is over then.
    private void Report(TimeSpan next)
    {
        try
        {
            _timer?.CancelAfter(next);
        }
        catch (ObjectDisposedException)
        {
            // The request ended while its body was still being sent.
        }
    }
}
