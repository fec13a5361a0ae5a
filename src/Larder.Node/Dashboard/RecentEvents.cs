using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Node.Dashboard;

/// <summary>
/// Remembers the latest removals and the latest misses with their explanations, and counts all removals by reason.
/// </summary>
/// <remarks>
/// The listeners stand on the paths of puts and lookups, so they must cost next to nothing when many things happen:
/// a removal is always counted, in a cell of the processor it runs on; its details are kept only while this second's
/// budget lasts, and are otherwise counted as dropped. Memory is bounded by the two capacities. Safe for use by many
/// threads.
/// </remarks>
internal sealed class RecentEvents
{
    /// <summary>Removals remembered by default.</summary>
    public const int DefaultRemovals = 512;

    /// <summary>Misses remembered by default.</summary>
    public const int DefaultMisses = 256;

    /// <summary>Events of each sort that are taken in a second by default.</summary>
    public const int DefaultBudget = 64;

    private readonly TimeProvider _time;
    private readonly int _budget;
    private readonly EventRing<RemovalEvent> _removals;
    private readonly EventRing<MissEvent> _misses;

    // Removals by reason, striped by processor: [stripe * StripeLength + reason]. A stripe spans two cache lines.
    private readonly long[] _counts;
    private readonly int _stripeMask;

    // How many more removals and misses may be taken before the next refill. They may be overdrawn by the number of
    // threads that pass the first look at once; what they take beyond is dropped by the second.
    private int _removalsLeft;
    private int _missesLeft;
    private int _namesLeft;

    // Guards the rings and the numbering.
    private readonly Lock _gate = new();
    private long _next = 1;
    private long _removalsDropped;
    private long _missesDropped;

    public RecentEvents(
        TimeProvider time, int removals = DefaultRemovals, int misses = DefaultMisses, int budget = DefaultBudget)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(removals, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(misses, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(budget, 1);
        _time = time;
        _budget = budget;
        _removals = new EventRing<RemovalEvent>(removals);
        _misses = new EventRing<MissEvent>(misses);
        var stripes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, 64));
        _stripeMask = stripes - 1;
        _counts = new long[stripes * StripeLength];
        Refill();
    }

    private static int StripeLength => 16;

    /// <summary>The number that the next event will get.</summary>
    public long Next
    {
        get
        {
            lock (_gate)
            {
                return _next;
            }
        }
    }

    /// <summary>Removals that were counted but not remembered.</summary>
    public long RemovalsDropped => Interlocked.Read(ref _removalsDropped);

    /// <summary>Misses that were not remembered.</summary>
    public long MissesDropped => Interlocked.Read(ref _missesDropped);

    /// <summary>
    /// A name without a recipe missed in every tier. Less is known of it than of a recipe, so it gets a sixteenth of the
    /// misses' budget: opaque names never push explained misses out.
    /// </summary>
    public void RecordMiss(in ArtifactKey key)
    {
        if (Volatile.Read(ref _namesLeft) > 0 && Interlocked.Decrement(ref _namesLeft) >= 0)
        {
            RecordMiss(key, nearest: null, []);
        }
        else
        {
            Interlocked.Increment(ref _missesDropped);
        }
    }

    /// <summary>An entry left a tier.</summary>
    /// <param name="tier">Which tier.</param>
    /// <param name="key">What left.</param>
    /// <param name="bytes">Its weight.</param>
    /// <param name="ageTicks">Time since its last use in ticks of its shard's clock; negative where the tier keeps none.</param>
    /// <param name="reason">Why.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void RecordRemoval(TierKind tier, in ArtifactKey key, long bytes, long ageTicks, RemovalReason reason)
    {
        Count(reason, 1);
        if (Volatile.Read(ref _removalsLeft) > 0)
        {
            Remember(tier, key, bytes, ageTicks, reason);
        }
        else
        {
            Interlocked.Increment(ref _removalsDropped);
        }
    }

    /// <summary>Entries left a tier of which nothing more is known; they are only counted.</summary>
    public void CountRemovals(long entries, RemovalReason reason) => Count(reason, entries);

    /// <summary>A lookup of a known recipe missed in every tier.</summary>
    public void RecordMiss(MissExplanation explanation) => RecordMiss(
        explanation.Key,
        explanation.Reason == MissReason.SeenBefore ? explanation.Key.Fingerprint : explanation.Nearest,
        [.. explanation.Differences.Select(static one => new ComponentChange(one.Name, one.Before, one.After))]);

    /// <summary>A lookup missed in every tier.</summary>
    /// <param name="key">What was looked for.</param>
    /// <param name="nearest">The recent fingerprint with the most similar recipe; null when none is known.</param>
    /// <param name="differences">The recipe components in which the two differ; empty without a nearest.</param>
    public void RecordMiss(in ArtifactKey key, Fingerprint? nearest, IReadOnlyList<ComponentChange> differences)
    {
        if (Interlocked.Decrement(ref _missesLeft) < 0)
        {
            Interlocked.Increment(ref _missesDropped);
            return;
        }

        var now = _time.GetUtcNow();
        lock (_gate)
        {
            var left = LatestRemoval(key);
            _misses.Add(new MissEvent
            {
                Number = _next++,
                Time = now,
                Kind = key.Kind.Name,
                Fingerprint = key.Fingerprint,
                Cause = Cause(left, key, nearest),
                Nearest = nearest,
                Differences = differences,
                LeftAt = left?.Time,
                LeftReason = left?.Reason,
            });
        }
    }

    /// <summary>Gives both budgets back. The history calls it at every sample.</summary>
    public void Refill()
    {
        Volatile.Write(ref _removalsLeft, _budget);
        Volatile.Write(ref _missesLeft, _budget);
        Volatile.Write(ref _namesLeft, Math.Max(1, _budget / 16));
    }

    /// <summary>Writes how many entries have left for each reason.</summary>
    public void SumRemovals(Span<long> destination)
    {
        destination.Clear();
        for (var at = 0; at < _counts.Length; at++)
        {
            if (at % StripeLength < destination.Length)
            {
                destination[at % StripeLength] += Volatile.Read(ref _counts[at]);
            }
        }
    }

    /// <summary>The remembered events with numbers above <paramref name="after"/>, oldest first.</summary>
    public EventsReport After(long after)
    {
        var removed = new SortedDictionary<string, long>(StringComparer.Ordinal);
        Span<long> counts = stackalloc long[NodeSample.Reasons];
        SumRemovals(counts);
        for (var reason = 0; reason < counts.Length; reason++)
        {
            if (counts[reason] > 0)
            {
                removed.Add(Names.Of((RemovalReason)reason), counts[reason]);
            }
        }

        lock (_gate)
        {
            return new EventsReport
            {
                Next = _next,
                RemovalsDropped = RemovalsDropped,
                MissesDropped = MissesDropped,
                Removed = removed,
                Removals = _removals.Where(after, static (item, number) => item.Number > number),
                Misses = _misses.Where(after, static (item, number) => item.Number > number),
            };
        }
    }

    private void Count(RemovalReason reason, long entries)
    {
        var at = ((Thread.GetCurrentProcessorId() & _stripeMask) * StripeLength) + (int)reason;
        Interlocked.Add(ref _counts[at], entries);
    }

    private void Remember(TierKind tier, in ArtifactKey key, long bytes, long ageTicks, RemovalReason reason)
    {
        if (Interlocked.Decrement(ref _removalsLeft) < 0)
        {
            Interlocked.Increment(ref _removalsDropped);
            return;
        }

        var now = _time.GetUtcNow();
        lock (_gate)
        {
            _removals.Add(new RemovalEvent
            {
                Number = _next++,
                Time = now,
                Tier = Names.Of(tier),
                Kind = key.Kind.Name,
                Fingerprint = key.Fingerprint,
                Bytes = bytes,
                AgeTicks = ageTicks >= 0 ? ageTicks : null,
                Reason = Names.Of(reason),
            });
        }
    }

    private static string Cause(RemovalEvent? left, in ArtifactKey key, Fingerprint? nearest) =>
        left is not null ? MissEvent.Left
        : nearest is not { } other ? MissEvent.Unseen
        : other == key.Fingerprint ? MissEvent.Seen
        : MissEvent.Differs;

    private RemovalEvent? LatestRemoval(in ArtifactKey key)
    {
        for (var back = 0; back < _removals.Count; back++)
        {
            var removal = _removals.FromNewest(back);
            if (removal.Fingerprint == key.Fingerprint && string.Equals(removal.Kind, key.Kind.Name, StringComparison.Ordinal))
            {
                return removal;
            }
        }

        return null;
    }
}
