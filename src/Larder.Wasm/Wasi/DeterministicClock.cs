namespace Larder.Wasm.Wasi;

/// <summary>
/// A clock that knows nothing of the real time: it starts at a given moment and advances by a fixed step whenever it is
/// read, so that programs that wait for time to pass come to an end. Waiting on it takes no time. Not thread safe.
/// </summary>
public sealed class DeterministicClock : TimeProvider
{
    private readonly long _stepTicks;
    private readonly DateTimeOffset _start;
    private long _ticks;

    /// <summary>Creates the clock.</summary>
    /// <param name="start">The first reading; null for the beginning of 2000 in UTC.</param>
    /// <param name="step">By how much a reading advances it, not negative; null for one microsecond.</param>
    public DeterministicClock(DateTimeOffset? start = null, TimeSpan? step = null)
    {
        _start = start ?? new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var advance = step ?? TimeSpan.FromMicroseconds(1);
        ArgumentOutOfRangeException.ThrowIfLessThan(advance, TimeSpan.Zero, nameof(step));
        _stepTicks = advance.Ticks;
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _start + new TimeSpan(Read());

    /// <inheritdoc/>
    public override long GetTimestamp() => Read();

    /// <summary>Lets time pass. Beyond the last moment that can be told, it stands.</summary>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        var most = (DateTimeOffset.MaxValue - _start).Ticks;
        _ticks = time.Ticks > most - _ticks ? most : _ticks + time.Ticks;
    }

    private long Read()
    {
        var now = _ticks;
        Advance(new TimeSpan(_stepTicks));
        return now;
    }
}
