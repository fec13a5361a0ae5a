using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;

namespace Larder.Oci.Layers;

/// <summary>
/// Reads a layer's blob, or a part of it, from its source, and takes reading up again where it broke off, for as long as the
/// source gives anything within <see cref="LayerStoreOptions.Patience"/>.
/// </summary>
/// <remarks>For one thread.</remarks>
internal sealed class BlobReader : IAsyncDisposable
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);

    private readonly LayerOrigin _origin;
    private readonly LayerStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly LayerProgress _progress;
    private readonly bool _isPart;
    private readonly long _start;
    private readonly long _end;
    private readonly bool _isGiven;
    private Stream? _stream;
    private long _position;
    private long _lastProgress;
    private int _failures;

    /// <param name="origin">The layer.</param>
    /// <param name="part">The bytes of the blob; null for all of them.</param>
    /// <param name="options">How long to try.</param>
    /// <param name="progress">What is told of requests and bytes.</param>
    /// <param name="time">The clock.</param>
    public BlobReader(LayerOrigin origin, ByteRange? part, LayerStoreOptions options, LayerProgress progress, TimeProvider time)
    {
        _origin = origin;
        _options = options;
        _time = time;
        _progress = progress;
        _isPart = part is not null;
        _start = _position = part?.Offset ?? 0;
        _end = part?.End ?? Blob.Size;
        _lastProgress = time.GetTimestamp();
    }

    /// <summary>Reads an archive that comes from elsewhere, decompressed, and is not tried twice.</summary>
    public BlobReader(LayerOrigin origin, Stream archive, LayerStoreOptions options, LayerProgress progress, TimeProvider time)
        : this(origin, part: null, options, progress, time)
    {
        _stream = archive;
        _isGiven = true;
    }

    /// <summary>Whether everything came in one piece, so that the source has compared the blob's digest.</summary>
    public bool IsCompared => !_isGiven && !_isPart && _failures == 0 && _position == _end;

    private Descriptor Blob => _origin.Layer.Blob;

    /// <summary>Reads more; 0 at the end.</summary>
    /// <exception cref="OciException">The blob cannot be had, or is not what its digest says.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_isGiven)
        {
            return await _stream!.ReadAsync(buffer, cancellationToken).ConfigureAwait(false); // Set until this is disposed.
        }

        while (_position < _end)
        {
            try
            {
                _stream ??= await OpenAsync(cancellationToken).ConfigureAwait(false);
                var count = await _stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new OciException(OciErrorKind.Unavailable, $"{_origin.Source.Name} ended blob {Blob.Digest} early.")
                    {
                        IsTransient = true,
                    };
                }

                if (count > _end - _position)
                {
                    throw new OciException(OciErrorKind.Protocol, $"{_origin.Source.Name} gives more of blob {Blob.Digest} than it has.");
                }

                _position += count;
                _lastProgress = _time.GetTimestamp();
                _progress.CountSourceBytes(count);
                return count;
            }
            catch (Exception exception) when (MayRepeat(exception) && !cancellationToken.IsCancellationRequested)
            {
                await CloseAsync().ConfigureAwait(false);
                await WaitAsync(exception, cancellationToken).ConfigureAwait(false);
            }
        }

        return 0;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static bool MayRepeat(Exception exception) =>
        exception is OciException { IsTransient: true } or IOException or HttpRequestException;

    private ValueTask<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        _progress.CountRequest();
        ByteRange? range = _isPart || _position > _start ? new ByteRange(_position, _end - _position) : null;
        return _origin.Source.OpenBlobAsync(Blob, range, cancellationToken);
    }

    private async ValueTask CloseAsync()
    {
        if (_stream is { } stream)
        {
            _stream = null;
            await stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask WaitAsync(Exception exception, CancellationToken cancellationToken)
    {
        var delay = _options.RetryDelay * Math.Pow(2, Math.Min(_failures++, 16));
        delay = delay < MaxDelay ? delay : MaxDelay;
        delay += delay * (Random.Shared.NextDouble() / 4);
        if ((exception as OciException)?.RetryAfter is { } asked && asked > delay)
        {
            delay = asked;
        }

        if (_time.GetElapsedTime(_lastProgress) + delay > _options.Patience)
        {
            throw exception as OciException ?? new OciException(
                OciErrorKind.Unavailable,
                $"{_origin.Source.Name} gives no more of blob {Blob.Digest} behind byte {_position}: {exception.Message}",
                exception);
        }

        _progress.CountResume();
        await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(false);
    }
}
