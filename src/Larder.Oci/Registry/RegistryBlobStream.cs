using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Registry;

/// <summary>
/// The bytes of a blob, however often the connection breaks: what broke off, stood still or crept is gone on with from the
/// first byte that is missing, at the next server if need be.
/// </summary>
/// <remarks>For one reader at a time. The digest is compared by whoever wraps this.</remarks>
internal sealed class RegistryBlobStream : Stream
{
    // So much has to come before broken connections are forgiven.
    private const long ForgivingBytes = 256 * 1024;
    private const int SkipBufferBytes = 64 * 1024;

    private readonly RegistryClient _client;
    private readonly ImageReference _repository;
    private readonly Descriptor _blob;
    private readonly ByteRange _range;
    private CancellationTokenSource _timer;

    private RegistryBody? _body;
    private long _position;
    private int _failures;
    private long _failedAt;

    // What came, and how long it was waited for, since the speed was last looked at.
    private long _watchedBytes;
    private TimeSpan _watchedTime;

    public RegistryBlobStream(RegistryClient client, ImageReference repository, Descriptor blob, ByteRange range)
    {
        _client = client;
        _repository = repository;
        _blob = blob;
        _range = range;
        _timer = new CancellationTokenSource(Timeout.InfiniteTimeSpan, client.Time);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _range.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Sends the first request, so that what is wrong is known before the first read.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        if (_range.Length > 0)
        {
            _body = await _client.OpenBodyAsync(_repository, _blob, _range, cancellationToken).ConfigureAwait(false);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == _range.Length || buffer.IsEmpty)
        {
            return 0;
        }

        var wanted = buffer.Length > _range.Length - _position ? buffer[..(int)(_range.Length - _position)] : buffer;
        while (true)
        {
            // What cannot be opened has been tried often enough there.
            _body ??= await ReopenAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var read = await ReadBodyAsync(_body, wanted, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw Broken("ended early", null);
                }

                _position += read;
                return read;
            }
            catch (OciException failure) when (failure.IsTransient)
            {
                await PauseAsync(failure, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    /// <summary>Tells that what this gave was wrong, so that its server is left alone if it is a mirror.</summary>
    public void Distrust()
    {
        if (_body is { } body)
        {
            _client.PassOver(body.Endpoint, times: 20);
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await CloseBodyAsync().ConfigureAwait(false);
        _timer.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body?.Dispose();
            _body = null;
            _timer.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<RegistryBody> ReopenAsync(CancellationToken cancellationToken)
    {
        var rest = new ByteRange(_range.Offset + _position, _range.Length - _position);
        var body = await _client.OpenBodyAsync(_repository, _blob, rest, cancellationToken).ConfigureAwait(false);
        _watchedBytes = 0;
        _watchedTime = TimeSpan.Zero;
        if (_timer.IsCancellationRequested)
        {
            // The one that found the last body standing still cannot be used again.
            _timer.Dispose();
            _timer = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _client.Time);
        }

        return body;
    }

    private async ValueTask<int> ReadBodyAsync(RegistryBody body, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await SkipAsync(body, cancellationToken).ConfigureAwait(false);
        return await ReadWatchedAsync(body.Stream, buffer, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask SkipAsync(RegistryBody body, CancellationToken cancellationToken)
    {
        var left = body.TakeSkip();
        if (left == 0)
        {
            return;
        }

        var nowhere = new byte[SkipBufferBytes];
        while (left > 0)
        {
            var read = await ReadWatchedAsync(body.Stream, nowhere.AsMemory(0, (int)Math.Min(left, nowhere.Length)), cancellationToken)
                .ConfigureAwait(false);
            left -= read > 0 ? read : throw Broken("ended early", null);
        }
    }

    /// <summary>One read within the idle time, which also counts towards the least speed.</summary>
    private async ValueTask<int> ReadWatchedAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var idle = _client.Options.IdleTimeout;
        using var joined = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _timer.Token);
        _timer.CancelAfter(idle);
        var startedAt = _client.Time.GetTimestamp();
        int read;
        try
        {
            read = await stream.ReadAsync(buffer, joined.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw Broken($"stood still for {idle.TotalSeconds:0.###} s", exception);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw Broken($"broke off ({Printable.Shorten(exception.Message)})", exception);
        }
        finally
        {
            _timer.CancelAfter(Timeout.InfiniteTimeSpan);
        }

        _watchedBytes += read;
        _watchedTime += _client.Time.GetElapsedTime(startedAt);
        if (_watchedTime >= idle)
        {
            if (read > 0 && _watchedBytes < _client.Options.MinBytesPerSecond * _watchedTime.TotalSeconds)
            {
                throw Broken($"brought only {_watchedBytes} bytes in {_watchedTime.TotalSeconds:0.#} s", null);
            }

            _watchedBytes = 0;
            _watchedTime = TimeSpan.Zero;
        }

        return read;
    }

    private async ValueTask PauseAsync(OciException failure, CancellationToken cancellationToken)
    {
        if (_body is { } body)
        {
            _client.PassOver(body.Endpoint);
        }

        await CloseBodyAsync().ConfigureAwait(false);
        _failures = _position - _failedAt >= ForgivingBytes ? 1 : _failures + 1;
        _failedAt = _position;
        var delay = _client.DelayAfter(failure, _failures - 1);
        if (_failures >= _client.Options.MaxAttempts || delay == Timeout.InfiniteTimeSpan)
        {
            throw failure;
        }

        await Task.Delay(delay, _client.Time, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask CloseBodyAsync()
    {
        if (_body is { } body)
        {
            _body = null;
            await body.DisposeAsync().ConfigureAwait(false);
        }
    }

    private OciException Broken(string problem, Exception? cause) =>
        new(OciErrorKind.Unavailable, $"Blob {_blob.Digest} from {_body?.Endpoint} {problem} at byte {_range.Offset + _position}.", cause)
        {
            IsTransient = true,
        };
}
