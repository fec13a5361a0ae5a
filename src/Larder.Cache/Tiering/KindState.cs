using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Tiering;

/// <summary>The options and counters of one kind. Counters are exact; reading them is not a consistent cut.</summary>
internal sealed class KindState(ArtifactKind kind, KindOptions options)
{
    private long _lookups;
    // Hits that a flight found in memory after the caller's own lookup there had missed.
    private long _lateMemoryHits;
    private long _diskHits;
    private long _remoteHits;
    private long _fillHits;
    private long _misses;
    private long _throttled;
    private long _failures;
    private long _fills;
    private long _failedFills;
    private long _rememberedFailures;
    private long _promotions;
    private long _promotedBytes;
    private long _hitBytes;
    private long _savedTicks;

    public ArtifactKind Kind => kind;

    public KindOptions Options => options;

    /// <summary>Lookups that the memory tier did not answer.</summary>
    public long Lookups => Interlocked.Read(ref _lookups);

    /// <summary>Counts the answer to one lookup that the memory tier did not answer.</summary>
    public ArtifactLease Answer(ArtifactLease lease)
    {
        Interlocked.Increment(ref _lookups);
        if (lease.IsHit)
        {
            Interlocked.Increment(ref CounterOf(lease.Source));
            if (lease.Source != TierKind.Fill)
            {
                Interlocked.Add(ref _hitBytes, lease.Metadata.Length);
                Interlocked.Add(ref _savedTicks, lease.Metadata.Cost.Ticks);
            }
        }
        else
        {
            Interlocked.Increment(ref lease.Outcome == LookupOutcome.Throttled ? ref _throttled : ref _misses);
        }

        return lease;
    }

    /// <summary>Counts a lookup that ended with an exception.</summary>
    public void CountFailure()
    {
        Interlocked.Increment(ref _lookups);
        Interlocked.Increment(ref _failures);
    }

    /// <summary>Counts, on top of <see cref="CountFailure"/>, that a remembered failure was the answer.</summary>
    public void CountRememberedFailure() => Interlocked.Increment(ref _rememberedFailures);

    /// <summary>Counts a fill that is about to run.</summary>
    public void CountFill() => Interlocked.Increment(ref _fills);

    /// <summary>Counts a fill that threw.</summary>
    public void CountFailedFill() => Interlocked.Increment(ref _failedFills);

    /// <summary>Counts a copy into a higher tier.</summary>
    public void CountPromotion(long bytes)
    {
        Interlocked.Increment(ref _promotions);
        Interlocked.Add(ref _promotedBytes, bytes);
    }

    /// <summary>Takes a snapshot, to which the memory tier adds the hits that it answered alone.</summary>
    public CacheKindStatistics Snapshot(KindStatistics? memory)
    {
        var memoryHits = memory?.Hits ?? 0;
        return new CacheKindStatistics
        {
            Kind = kind.Name,
            Lookups = Interlocked.Read(ref _lookups) + memoryHits,
            MemoryHits = Interlocked.Read(ref _lateMemoryHits) + memoryHits,
            DiskHits = Interlocked.Read(ref _diskHits),
            RemoteHits = Interlocked.Read(ref _remoteHits),
            FillHits = Interlocked.Read(ref _fillHits),
            Misses = Interlocked.Read(ref _misses),
            Throttled = Interlocked.Read(ref _throttled),
            Failures = Interlocked.Read(ref _failures),
            Fills = Interlocked.Read(ref _fills),
            FailedFills = Interlocked.Read(ref _failedFills),
            RememberedFailures = Interlocked.Read(ref _rememberedFailures),
            Promotions = Interlocked.Read(ref _promotions),
            PromotedBytes = Interlocked.Read(ref _promotedBytes),
            HitBytes = Interlocked.Read(ref _hitBytes) + (memory?.HitBytes ?? 0),
            SavedCost = TimeSpan.FromTicks(Interlocked.Read(ref _savedTicks)),
        };
    }

    private ref long CounterOf(TierKind source)
    {
        switch (source)
        {
            case TierKind.Memory:
                return ref _lateMemoryHits;
            case TierKind.Disk:
                return ref _diskHits;
            case TierKind.Remote:
                return ref _remoteHits;
            default:
                return ref _fillHits;
        }
    }
}
