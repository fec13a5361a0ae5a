using Larder.Cache.Artifacts;

namespace Larder.Cache.Disk;

// What people ask for: which entries there are, and whether one of them is sound.
public sealed partial class DiskTier
{
    /// <summary>Lists the entries that a filter names, in no order, as they are when the list comes to them.</summary>
    /// <param name="filter">Which entries.</param>
    public IEnumerable<DiskEntry> List(DiskFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return Enumerate(filter);
    }

    /// <summary>Lists one page of the entries that a filter names. Takes memory for what lies before its end only.</summary>
    /// <param name="filter">Which entries.</param>
    /// <param name="order">In which order.</param>
    /// <param name="descending">Whether the order is turned round.</param>
    /// <param name="skip">Entries before the page, 0 or more.</param>
    /// <param name="limit">Most entries of the page, 1 or more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public DiskPage Select(
        DiskFilter filter, DiskOrder order, bool descending, int skip, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var comparer = Comparer<DiskEntry>.Create((left, right) =>
            descending ? Compare(order, right, left) : Compare(order, left, right));

        // The heap holds the first entries so far; its top is the last of them, which goes when a better one comes.
        var end = (int)Math.Min((long)skip + limit, int.MaxValue);
        var first = new PriorityQueue<DiskEntry, DiskEntry>(Comparer<DiskEntry>.Create((left, right) => comparer.Compare(right, left)));
        long matching = 0;
        foreach (var entry in Enumerate(filter))
        {
            cancellationToken.ThrowIfCancellationRequested();
            matching++;
            if (first.Count < end)
            {
                first.Enqueue(entry, entry);
            }
            else
            {
                first.EnqueueDequeue(entry, entry);
            }
        }

        DiskEntry[] page = [.. first.UnorderedItems.Select(static item => item.Element).Order(comparer).Skip(skip)];
        return new DiskPage(page, matching);
    }

    /// <summary>Reads one entry again and verifies it, digest included. What is damaged is set aside.</summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    public async Task<EntryCondition> VerifyAsync(ArtifactKey key, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        if (KindOf(key.Kind) is not { } kind)
        {
            return EntryCondition.Absent;
        }

        var throttle = new ReadThrottle(0, _time, cancellationToken);
        var (outcome, _) = await Task.Run(
            async () => await ScrubEntryAsync(key, kind, throttle, cancellationToken).ConfigureAwait(false), cancellationToken)
            .ConfigureAwait(false);
        return outcome switch
        {
            VerifierOutcome.Verified => EntryCondition.Sound,
            VerifierOutcome.Foreign => EntryCondition.Absent,
            VerifierOutcome.Damaged => EntryCondition.Damaged,
            _ => EntryCondition.Unreadable,
        };
    }

    private static int Compare(DiskOrder order, in DiskEntry left, in DiskEntry right)
    {
        var difference = order switch
        {
            DiskOrder.Size => left.Length.CompareTo(right.Length),
            DiskOrder.Used => left.LastUsedAt.CompareTo(right.LastUsedAt),
            _ => 0,
        };
        difference = difference != 0 ? difference : string.CompareOrdinal(left.Key.Kind.Name, right.Key.Kind.Name);
        return difference != 0 ? difference : left.Key.Fingerprint.CompareTo(right.Key.Fingerprint);
    }

    private IEnumerable<DiskEntry> Enumerate(DiskFilter filter)
    {
        const int Batch = 512;
        var owner = OwnerHash(filter.Owner);
        var entries = new List<DiskEntry>(Batch);
        for (var slot = 0; ; slot += Batch)
        {
            entries.Clear();
            lock (_gate)
            {
                if (slot >= _index.SlotLimit)
                {
                    yield break;
                }

                for (var i = slot; i < Math.Min(slot + Batch, _index.SlotLimit); i++)
                {
                    if (owner == 0 || _index[i].Owner == owner)
                    {
                        AddToList(i, filter.Kind, entries);
                    }
                }
            }

            foreach (var entry in entries)
            {
                if (filter.Matches(entry))
                {
                    yield return entry;
                }
            }
        }
    }
}
