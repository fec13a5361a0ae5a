using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Artifacts;
using Larder.Oci.Compression;
using Larder.Oci.References;

namespace Larder.Oci.Layers;

/// <summary>
/// One reading of a blob from a restart point on, for all who want objects behind it: it goes as far as the last of them needs, and
/// stores what else lies completely on the way. Then it rests for a while, so that whoever wants what comes next finds it there
/// instead of beginning at the restart point again.
/// </summary>
/// <remarks>
/// Its state is guarded by a turn, which it has while it hands out a chunk, and does not have while it waits for the source. So
/// whoever gives up knows when its writer is no longer used. When the last one gives up, it ends. While it rests, its last chunk
/// can still be had.
/// </remarks>
[SuppressMessage("Usage", "CA2213", Justification = "Those who come late still ask for the turn; neither holds a handle.")]
internal sealed class RangeStretch : IDisposable
{
    private readonly RangeStretches _owner;
    private readonly RangeFetcher _fetcher;
    private readonly RestartPoints _points;
    private readonly Decompressor _decompressor;
    private readonly PassedObjects _passed;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _abandoned = new();
    private readonly TaskCompletionSource _dismissed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _begin;

    // From here on guarded by _turn, and the numbers read without it by those who look for a reading.
    private readonly List<RangeWant> _wants;
    private long _position; // What stands here in the archive, and behind, can still be had.
    private long _reach; // As far as it has come, or will.
    private long _end;
    private TaskCompletionSource? _more; // Not null while it rests.
    private bool _hasEnded;

    /// <param name="owner">Is told when it rests and when it has ended.</param>
    /// <param name="fetcher">Knows the blob.</param>
    /// <param name="points">Its restart points.</param>
    /// <param name="content">What they were read from; needed until this returns.</param>
    /// <param name="passed">Stores what lies on the way.</param>
    /// <param name="first">What is wanted first.</param>
    public RangeStretch(
        RangeStretches owner, RangeFetcher fetcher, RestartPoints points, ArtifactContent content, PassedObjects passed, RangeWant first)
    {
        _owner = owner;
        _fetcher = fetcher;
        _points = points;
        _passed = passed;
        _wants = [first];
        _reach = _end = first.End;
        _decompressor = fetcher.Begin(points, content, first.Start, out var from);
        _begin = _position = RangeFetcher.StartOf(points, first.Start);
        BlobOffset = from;
    }

    /// <summary>The blob that is read.</summary>
    public OciDigest Blob => _fetcher.Blob;

    /// <summary>Where in the archive it is, or was a moment ago.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Ends with the reading, however it ends.</summary>
    public Task Ended => _ended.Task;

    private long BlobOffset { get; set; }

    /// <summary>Begins; what it was made for is waited for with <see cref="WaitAsync"/>.</summary>
    public void Start() => _ = Task.Run(RunAsync);

    /// <summary>Ends it if it rests, now or the next time.</summary>
    public void Dismiss() => _dismissed.TrySetResult();

    /// <summary>
    /// Whether an object comes sooner with this reading than with one that begins at its restart point, and nothing is read twice.
    /// </summary>
    /// <param name="offset">Where the object begins in the archive.</param>
    /// <param name="restart">The restart point before it.</param>
    public bool Reaches(long offset, long restart) =>
        Position is var position
        && position <= offset
        && restart <= Volatile.Read(ref _reach)
        && offset - position <= Math.Max(offset - restart, _fetcher.Options.MaxSkippedBytes);

    /// <summary>Whether it has passed what begins at an offset of the archive.</summary>
    public bool HasPassed(long offset) => _begin <= offset && offset < Position;

    /// <summary>
    /// Wants one more object. It is not added when the reading has passed its beginning, or has ended; then it may be just being
    /// stored in passing.
    /// </summary>
    public async ValueTask<(bool IsAdded, Task? Passing)> TryAddAsync(RangeWant want, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_hasEnded || want.Start < _position)
            {
                return (false, _passed.Find(want.Target.Key));
            }

            _wants.Add(want);
            _end = Math.Max(_end, want.End);
            Volatile.Write(ref _reach, Math.Max(_reach, _end));
            _more?.TrySetResult();
            return (true, null);
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
    private async Task RunAsync()
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
            _owner.Leave(this);
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
                        while (await HandOutAsync(_decompressor.Offset, chunk, cancellationToken).ConfigureAwait(false) is { } more)
                        {
                            if (!await RestAsync(more.Task).ConfigureAwait(false))
                            {
                                return;
                            }
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

    // What ends when somebody wants more, if nobody wants more now.
    private async ValueTask<TaskCompletionSource?> HandOutAsync(
        long start, ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var end = start + chunk.Length;
            await _passed.TakeAsync(start, chunk, Math.Max(_end, end), _wants, cancellationToken).ConfigureAwait(false);
            for (var number = _wants.Count - 1; number >= 0; number--)
            {
                if (await IsDoneAsync(_wants[number], start, chunk, cancellationToken).ConfigureAwait(false))
                {
                    _wants.RemoveAt(number);
                }
            }

            Volatile.Write(ref _reach, Math.Max(_reach, end));
            Volatile.Write(ref _position, _wants.Count > 0 ? end : start);
            return _more = _wants.Count > 0 ? null : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        finally
        {
            _turn.Release();
        }
    }

    // False when nobody wanted more for a while.
    private async ValueTask<bool> RestAsync(Task more)
    {
        if (_owner.TryRest(this))
        {
            using var stop = new CancellationTokenSource();
            var pause = Task.Delay(_fetcher.Options.RestTime, _fetcher.Time, stop.Token);
            await Task.WhenAny(more, _dismissed.Task, pause).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            _owner.Wake(this);
        }

        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _more = null;
        _hasEnded |= _wants.Count == 0;
        var goesOn = !_hasEnded;
        _turn.Release();
        return goesOn;
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
