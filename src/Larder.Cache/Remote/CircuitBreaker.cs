namespace Larder.Cache.Remote;

/// <summary>
/// Decides whether a remote store is worth asking, so that a dead or slow one costs a bounded delay once and is then
/// passed over.
/// </summary>
/// <remarks>
/// Closed: failures in a row add up, a success clears them; a failure that cost a whole time limit weighs as much as
/// the threshold and opens at once. Open: nobody passes until the open time is over; each opening in a row doubles it.
/// Half open: one probe passes; its end closes or opens again. Ends of requests that were begun in an earlier state
/// are ignored. Safe for use by many threads.
/// </remarks>
internal sealed class CircuitBreaker
{
    private readonly Lock _gate = new();
    private readonly int _threshold;
    private readonly TimeSpan _firstOpen;
    private readonly TimeSpan _maxOpen;
    private readonly TimeProvider _time;

    // Guarded by _gate. _epoch counts state changes, so that late ends can be told from current ones.
    private CircuitState _state;
    private int _failures;
    private int _openings;
    private long _epoch;
    private long _openedAt;
    private TimeSpan _openFor;
    private long _timesOpened;

    public CircuitBreaker(int threshold, TimeSpan firstOpen, TimeSpan maxOpen, TimeProvider time)
    {
        _threshold = threshold;
        _firstOpen = firstOpen;
        _maxOpen = maxOpen;
        _time = time;
    }

    /// <summary>The state now. An open circuit whose time is over still says open until somebody passes.</summary>
    public CircuitState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>How often the circuit opened.</summary>
    public long TimesOpened
    {
        get
        {
            lock (_gate)
            {
                return _timesOpened;
            }
        }
    }

    /// <summary>How long until somebody may pass; zero when somebody may now.</summary>
    public TimeSpan RetryIn
    {
        get
        {
            lock (_gate)
            {
                return _state switch
                {
                    CircuitState.Closed => TimeSpan.Zero,
                    CircuitState.Open => Left(),
                    _ => _firstOpen,
                };
            }
        }
    }

    /// <summary>Asks to pass. On true, <paramref name="pass"/> must come back through exactly one of the three ends.</summary>
    public bool TryEnter(out long pass)
    {
        lock (_gate)
        {
            if (_state == CircuitState.Open && Left() <= TimeSpan.Zero)
            {
                _state = CircuitState.HalfOpen;
                pass = ++_epoch;
                return true;
            }

            pass = _epoch;
            return _state == CircuitState.Closed;
        }
    }

    /// <summary>The request was answered, whatever the answer was.</summary>
    public void Succeeded(long pass)
    {
        lock (_gate)
        {
            if (pass != _epoch)
            {
                return;
            }

            _failures = 0;
            if (_state == CircuitState.HalfOpen)
            {
                _state = CircuitState.Closed;
                _openings = 0;
                _epoch++;
            }
        }
    }

    /// <summary>The request failed.</summary>
    /// <param name="pass">What <see cref="TryEnter"/> gave.</param>
    /// <param name="costly">Whether it took a whole time limit to fail.</param>
    /// <param name="retryAfter">How long the store asked to be left alone, if it did.</param>
    public void Failed(long pass, bool costly, TimeSpan? retryAfter)
    {
        lock (_gate)
        {
            if (pass != _epoch || _state == CircuitState.Open)
            {
                return;
            }

            _failures = costly ? _threshold : _failures + 1;
            if (_state == CircuitState.Closed && _failures < _threshold && retryAfter is null)
            {
                return;
            }

            var doubled = _firstOpen * Math.Pow(2, Math.Min(_openings, 30));
            var wait = doubled < _maxOpen ? doubled : _maxOpen;

            // Up to a quarter is added at random, so that the nodes of a fleet do not come back all at once.
            wait += wait * (Random.Shared.NextDouble() / 4);
            if (retryAfter is { } asked && asked > wait)
            {
                wait = asked < _maxOpen ? asked : _maxOpen;
            }

            _state = CircuitState.Open;
            _openings++;
            _timesOpened++;
            _failures = 0;
            _epoch++;
            _openedAt = _time.GetTimestamp();
            _openFor = wait;
        }
    }

    /// <summary>The caller gave up: nothing was learned. A probe leaves its turn to the next.</summary>
    public void Abandoned(long pass)
    {
        lock (_gate)
        {
            if (pass == _epoch && _state == CircuitState.HalfOpen)
            {
                _state = CircuitState.Open;
                _epoch++;
                _openFor = TimeSpan.Zero;
            }
        }
    }

    private TimeSpan Left() => _openFor - _time.GetElapsedTime(_openedAt);
}
