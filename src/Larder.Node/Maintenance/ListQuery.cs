using Larder.Cache.Artifacts;
using Larder.Cache.Disk;

namespace Larder.Node.Maintenance;

/// <summary>Which entries of the disk tier to list, and in which order.</summary>
/// <param name="Kind">Only this kind; null for all.</param>
/// <param name="Prefix">Only fingerprints that begin with these digits.</param>
/// <param name="MinBytes">Only payloads of at least so many bytes.</param>
/// <param name="UsedBefore">Only what was not used since.</param>
/// <param name="Order"><c>name</c>, <c>size</c> or <c>used</c>.</param>
/// <param name="Descending">Whether the order is turned round.</param>
/// <param name="Skip">Entries to pass over.</param>
/// <param name="Limit">Most entries of the page.</param>
internal sealed record ListQuery(
    ArtifactKind? Kind,
    string Prefix,
    long MinBytes,
    DateTimeOffset UsedBefore,
    string Order,
    bool Descending,
    int Skip,
    int Limit)
{
    /// <summary>Most entries of one page.</summary>
    public const int MaxLimit = 1000;

    /// <summary>Furthest that pages reach.</summary>
    public const int MaxSkip = 1_000_000;

    /// <summary>Whether the entry belongs to the listing.</summary>
    public bool Matches(in DiskEntry entry) =>
        entry.Length >= MinBytes
        && entry.LastUsedAt <= UsedBefore
        && (Prefix.Length == 0 || entry.Key.Fingerprint.ToString().StartsWith(Prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Picks the page. Holds no more than skipped and listed entries together in memory, however many there are.
    /// </summary>
    public ListPage Pick(IEnumerable<DiskEntry> entries)
    {
        var order = Comparer<DiskEntry>.Create(Compare);

        // The entry that comes last in the order leaves the queue first.
        var best = new PriorityQueue<DiskEntry, DiskEntry>(Comparer<DiskEntry>.Create((left, right) => order.Compare(right, left)));
        var matching = 0L;
        foreach (var entry in entries)
        {
            if (!Matches(entry))
            {
                continue;
            }

            matching++;
            if (best.Count < Skip + Limit)
            {
                best.Enqueue(entry, entry);
            }
            else if (best.Count > 0)
            {
                best.EnqueueDequeue(entry, entry);
            }
        }

        var picked = new List<DiskEntry>(best.Count);
        while (best.TryDequeue(out var entry, out _))
        {
            picked.Add(entry);
        }

        picked.Reverse();
        return new ListPage(
            [.. picked.Skip(Skip).Select(static entry =>
                new ListedEntry(entry.Key.Kind.Name, entry.Key.Fingerprint, entry.Length, entry.LastUsedAt))],
            matching);
    }

    private int Compare(DiskEntry left, DiskEntry right)
    {
        var order = Order switch
        {
            "size" => left.Length.CompareTo(right.Length),
            "used" => left.LastUsedAt.CompareTo(right.LastUsedAt),
            _ => 0,
        };
        order = order != 0 ? order : string.CompareOrdinal(left.Key.Kind.Name, right.Key.Kind.Name);
        order = order != 0 ? order : left.Key.Fingerprint.CompareTo(right.Key.Fingerprint);
        return Descending ? -order : order;
    }
}
