namespace Larder.Tests.Support;

/// <summary>A clock that moves only when told, with timers that fire as it passes them. Thread safe.</summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _utcNow = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _timestamp;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _utcNow;
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _timestamp;
        }
    }

    /// <summary>Moves both clocks on and fires what came due, in order.</summary>
    public void Advance(TimeSpan time)
    {
        long target;
        lock (_gate)
        {
            target = _timestamp + time.Ticks;
        }

        while (true)
        {
            ManualTimer? due;
            lock (_gate)
            {
                due = _timers.Where(timer => timer.DueAt <= target).MinBy(timer => timer.DueAt);
                var reached = due is null ? target : Math.Max(due.DueAt, _timestamp);
                _utcNow += TimeSpan.FromTicks(reached - _timestamp);
                _timestamp = reached;
                due?.Reschedule();
            }

            if (due is null)
            {
                return;
            }

            due.Fire();
        }
    }

    /// <summary>Makes the wall clock jump; the monotonic one goes on as before.</summary>
    public void JumpWallClock(TimeSpan by)
    {
        lock (_gate)
        {
            _utcNow += by;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public long DueAt { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                _period = period;
                owner._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    DueAt = long.MaxValue;
                    return true;
                }

                DueAt = owner._timestamp + dueTime.Ticks;
                owner._timers.Add(this);
                return true;
            }
        }

        public void Reschedule()
        {
            if (_period > TimeSpan.Zero)
            {
                DueAt += _period.Ticks;
            }
            else
            {
                owner._timers.Remove(this);
                DueAt = long.MaxValue;
            }
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (owner._gate)
            {
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
