namespace Larder.Symbols.Caching;

/// <summary>
/// Keeps the limit of memory where an estimate of live entries cannot: entries that were evicted take memory until the garbage
/// collector comes, and it comes when it thinks fit. What was put and what went is counted; when both no longer fit into the part of
/// the limit that is meant for them, a collection is asked for.
/// </summary>
/// <remarks>
/// Of the limit, <see cref="LiveShare"/> is for entries. Where the heap is many times as large as the limit, others decide what the
/// process takes, and nothing is asked for.
/// </remarks>
internal sealed class DeadEntries
{
    // A heap as many times as large as the limit is not ruled by these caches.
    private const int LargeHeap = 4;

    private readonly Lock _gate = new();
    private long _limit;
    private long _put;
    private long _dead;
    private int _full = GC.CollectionCount(2);

    /// <summary>The part of the limit that live entries may take, in per cent.</summary>
    public const int LiveShare = 62;

    // The part of the limit that entries which went may take.
    private const int DeadShare = 12;

    // What may be put, with all that is allocated on the way, before the youngest generation is looked at.
    private const int YoungShare = 2;

    public void SetLimit(long limitBytes) => Volatile.Write(ref _limit, limitBytes);

    /// <summary>Counts an entry that was put. Called without locks.</summary>
    public void Put(long bytes)
    {
        var limit = Volatile.Read(ref _limit);
        if (Interlocked.Add(ref _put, bytes) > limit / 100 * YoungShare || Volatile.Read(ref _dead) > limit / 100 * DeadShare)
        {
            Look(limit);
        }
    }

    /// <summary>Counts an entry that went. Called without locks.</summary>
    public void Gone(long bytes) => Interlocked.Add(ref _dead, bytes);

    private void Look(long limit)
    {
        // One thread looks; the others go on.
        if (!_gate.TryEnter())
        {
            return;
        }

        try
        {
            Volatile.Write(ref _put, 0);
            var full = GC.CollectionCount(2);
            if (full != _full)
            {
                _full = full;
                Volatile.Write(ref _dead, 0);
            }

            if (GC.GetTotalMemory(forceFullCollection: false) > LargeHeap * limit)
            {
                return;
            }

            if (Volatile.Read(ref _dead) > limit / 100 * DeadShare)
            {
                Volatile.Write(ref _dead, 0);
                GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                _full = GC.CollectionCount(2);
            }
            else
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            }
        }
        finally
        {
            _gate.Exit();
        }
    }
}
