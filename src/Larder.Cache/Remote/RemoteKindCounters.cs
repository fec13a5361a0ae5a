using Larder.Cache.Diagnostics;

namespace Larder.Cache.Remote;

/// <summary>
/// The figures of one kind in a remote tier. Entries are those that this node has put there and not removed; what they
/// weigh there, and what the store has evicted since, is not known.
/// </summary>
internal sealed class RemoteKindCounters(string kind)
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private KindStatistics _figures = new() { Kind = kind };

    public void CountHit(long bytes)
    {
        lock (_gate)
        {
            _figures = _figures with
            {
                Lookups = _figures.Lookups + 1, Hits = _figures.Hits + 1, HitBytes = _figures.HitBytes + bytes,
            };
        }
    }

    public void CountMiss()
    {
        lock (_gate)
        {
            _figures = _figures with { Lookups = _figures.Lookups + 1, Misses = _figures.Misses + 1 };
        }
    }

    public void CountThrottled()
    {
        lock (_gate)
        {
            _figures = _figures with { Lookups = _figures.Lookups + 1, Throttled = _figures.Throttled + 1 };
        }
    }

    public void CountStored()
    {
        lock (_gate)
        {
            _figures = _figures with { Puts = _figures.Puts + 1, Entries = _figures.Entries + 1 };
        }
    }

    public void CountRefused()
    {
        lock (_gate)
        {
            _figures = _figures with { Puts = _figures.Puts + 1, Refused = _figures.Refused + 1 };
        }
    }

    public void CountRemoved()
    {
        lock (_gate)
        {
            // An entry that this node did not put there was found there: it comes and goes at once.
            var own = _figures.Entries > 0;
            _figures = _figures with
            {
                Removed = _figures.Removed + 1,
                Entries = _figures.Entries - (own ? 1 : 0),
                Recovered = _figures.Recovered + (own ? 0 : 1),
            };
        }
    }

    public KindStatistics Snapshot()
    {
        lock (_gate)
        {
            return _figures;
        }
    }
}
