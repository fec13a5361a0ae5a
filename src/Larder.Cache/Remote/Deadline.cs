namespace Larder.Cache.Remote;

/// <summary>A time limit joined with the reasons to give up early, which can be told apart afterwards.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _joined;
    private readonly CancellationToken _caller;
    private readonly TimeProvider _time;
    private readonly long _startedAt;

    public Deadline(TimeSpan length, TimeProvider time, CancellationToken caller, CancellationToken closing)
    {
        Length = length;
        _time = time;
        _caller = caller;
        _startedAt = time.GetTimestamp();
        _timer = new CancellationTokenSource(length, time);
        _joined = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, caller, closing);
    }

    /// <summary>The time limit.</summary>
    public TimeSpan Length { get; }

    /// <summary>Cancelled by whatever comes first.</summary>
    public CancellationToken Token => _joined.Token;

    /// <summary>Whether the caller's own token was cancelled.</summary>
    public bool CallerGaveUp => _caller.IsCancellationRequested;

    /// <summary>Time that is left; zero when it is over.</summary>
    public TimeSpan Left
    {
        get
        {
            var left = Length - _time.GetElapsedTime(_startedAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public void ThrowIfCallerGaveUp() => _caller.ThrowIfCancellationRequested();

    public void Dispose()
    {
        _joined.Dispose();
        _timer.Dispose();
    }
}
