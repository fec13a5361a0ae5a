namespace Larder.Cache.Remote;

/// <summary>
/// The body of an answer: gives exactly as many bytes as were announced, and fails when it ends early, goes on, or
/// stands still for longer than the idle time. Disposing it gives the connection back.
/// </summary>
internal sealed class HttpBodyStream : Stream
{
    private readonly HttpResponseMessage _answer;
    private readonly Stream _body;
    private readonly string _what;
    private readonly TimeSpan _idle;
    private readonly CancellationTokenSource _timer;
    private long _left;

    public HttpBodyStream(HttpResponseMessage answer, Stream body, long length, string what, TimeSpan idle, TimeProvider time)
    {
        _answer = answer;
        _body = body;
        _left = length;
        _what = what;
        _idle = idle;
        _timer = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_left == 0 || buffer.IsEmpty)
        {
            return 0;
        }

        var wanted = buffer.Length > _left ? buffer[..(int)_left] : buffer;
        using var joined = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _timer.Token);
        _timer.CancelAfter(_idle);
        int read;
        try
        {
            read = await _body.ReadAsync(wanted, joined.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw HttpRemoteStore.Overdue($"{_what} stood still for {_idle.TotalSeconds:0.###} s", exception);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw HttpRemoteStore.Broken($"{_what} broke off: {exception.Message}", exception);
        }
        finally
        {
            _timer.CancelAfter(Timeout.InfiniteTimeSpan);
        }

        if (read == 0)
        {
            throw HttpRemoteStore.Broken($"{_what} ended {_left} bytes early", null);
        }

        _left -= read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    /// <summary>Passes over bytes.</summary>
    public async ValueTask SkipAsync(long count, CancellationToken cancellationToken)
    {
        var buffer = new byte[(int)Math.Min(count, 64 * 1024)];
        while (count > 0)
        {
            count -= await ReadAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Limits what is still given to the first <paramref name="count"/> bytes of it.</summary>
    public void Limit(long count) => _left = Math.Min(_left, count);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
            _answer.Dispose();
            _timer.Dispose();
        }

        base.Dispose(disposing);
    }
}
