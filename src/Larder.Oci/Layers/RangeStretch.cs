using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Artifacts;
using Larder.Oci.Compression;

namespace Larder.Oci.Layers;

/// <summary>
/// One reading of a blob from a restart point on, for all who want objects behind it: it goes as far as the last of them needs, and
/// stores what else lies completely on the way.
/// </summary>
/// <remarks>
/// Its state is guarded by a turn, which it has while it hands out a chunk, and does not have while it waits for the source. So
/// whoever gives up knows when its writer is no longer used. When the last one gives up, it ends.
/// </remarks>
[SuppressMessage("Usage", "CA2213", Justification = "Those who come late still ask for the turn; neither holds a handle.")]
internal sealed class RangeStretch : IDisposable
{
    private readonly RangeFetcher _fetcher;
    private readonly RestartPoints _points;
    private readonly Decompressor _decompressor;
    private readonly PassedObjects _passed;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _abandoned = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // From here on guarded by _turn.
    private readonly List<RangeWant> _wants;
    private long _position;
    private long _end;
    private bool _hasEnded;

    /// <param name="fetcher">Knows the blob.</param>
    /// <param name="points">Its restart points.</param>
    /// <param name="content">What they were read from; needed until this returns.</param>
    /// <param name="passed">Stores what lies on the way.</param>
    /// <param name="first">What is wanted first.</param>
    public RangeStretch(RangeFetcher fetcher, RestartPoints points, ArtifactContent content, PassedObjects passed, RangeWant first)
    {
        _fetcher = fetcher;
        _points = points;
        _passed = passed;
        _wants = [first];
        _end = first.End;
        _decompressor = fetcher.Begin(points, content, first.Start, out var from);
        _position = RangeFetcher.StartOf(points, first.Start);
        BlobOffset = from;
    }

    /// <summary>Ends with the reading, however it ends.</summary>
    public Task Ended => _ended.Task;

    private long BlobOffset { get; set; }

    /// <summary>Begins; what it was made for is waited for with <see cref="WaitAsync"/>.</summary>
    /// <param name="ended">Called before <see cref="Ended"/> ends.</param>
    public void Start(Action ended) => _ = Task.Run(() => RunAsync(ended));

    /// <summary>Wants one more object; false when the reading has passed its beginning, or has ended.</summary>
    public async ValueTask<bool> TryAddAsync(RangeWant want, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_hasEnded || want.Start < _position)
            {
                return false;
            }

            _wants.Add(want);
            _end = Math.Max(_end, want.End);
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Waits until a target has its bytes; once this has returned or thrown, the target is not used any more.</summary>
    public async ValueTask WaitAsync(RangeWant want, CancellationToken cancellationToken)
    {
        try
        {
            await want.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            _wants.Remove(want);
            var isLast = _wants.Count == 0 && !_hasEnded;
            _hasEnded |= isLast;
            _turn.Release();
            if (isLast)
            {
                await _abandoned.CancelAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>Frees what one that was never started holds.</summary>
    public void Dispose() => _decompressor.Dispose();

    [SuppressMessage("Design", "CA1031", Justification = "Whatever happens belongs to those who wait.")]
    private async Task RunAsync(Action ended)
    {
        Exception? failure = null;
        try
        {
            await ReadAsync(_abandoned.Token).ConfigureAwait(false);
        }
        catch (InvalidDataException exception)
        {
            failure = _fetcher.Unreadable(exception);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _hasEnded = true;
        foreach (var want in _wants)
        {
            want.Fail(failure!); // Without a failure nobody waits any more.
        }

        _wants.Clear();
        _turn.Release();
        try
        {
            await _passed.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _decompressor.Dispose();
            ended();
            _ended.SetResult();
        }
    }

    private async ValueTask ReadAsync(CancellationToken cancellationToken)
    {
        var blob = OpenNext();
        try
        {
            while (true)
            {
                switch (_decompressor.Read(out var chunk))
                {
                    case DecompressorStatus.NeedsInput:
                        var count = await blob.ReadAsync(_decompressor.InputSpace, cancellationToken).ConfigureAwait(false);
                        if (count > 0)
                        {
                            _decompressor.InputAdded(count);
                        }
                        else if (BlobOffset == _points.BlobBytes)
                        {
                            _decompressor.CompleteInput();
                        }
                        else
                        {
                            // Somebody wants more than was asked for.
                            await blob.DisposeAsync().ConfigureAwait(false);
                            blob = OpenNext();
                        }

                        break;
                    case DecompressorStatus.Chunk:
                        if (await HandOutAsync(_decompressor.Offset, chunk, cancellationToken).ConfigureAwait(false))
                        {
                            return;
                        }

                        break;
                    default:
                        throw new InvalidDataException("it ends before the object does");
                }
            }
        }
        finally
        {
            await blob.DisposeAsync().ConfigureAwait(false);
        }
    }

    // Up to the place where all that is wanted by now has come.
    private BlobReader OpenNext()
    {
        var end = RangeFetcher.EndOf(_points, Volatile.Read(ref _end));
        if (end <= BlobOffset)
        {
            throw new InvalidDataException("its restart points do not fit it");
        }

        var part = new ByteRange(BlobOffset, end - BlobOffset);
        BlobOffset = end;
        return _fetcher.Open(part);
    }

    private async ValueTask<bool> HandOutAsync(long start, ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await _passed.TakeAsync(start, chunk, Math.Max(_end, start + chunk.Length), _wants, cancellationToken).ConfigureAwait(false);
            for (var number = _wants.Count - 1; number >= 0; number--)
            {
                if (await IsDoneAsync(_wants[number], start, chunk, cancellationToken).ConfigureAwait(false))
                {
                    _wants.RemoveAt(number);
                }
            }

            _position = start + chunk.Length;
            return _hasEnded |= _wants.Count == 0;
        }
        finally
        {
            _turn.Release();
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "What one writer throws belongs to its owner.")]
    private static async ValueTask<bool> IsDoneAsync(
        RangeWant want, long start, ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        try
        {
            if (!await want.TakeAsync(start, chunk, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            want.Succeed();
        }
        catch (Exception exception)
        {
            want.Fail(exception);
        }

        return true;
    }
}
