namespace Larder.Handlers.Pooling;

/// <summary>
/// Instances that nobody uses, by last use and by affinity. All operations take constant time and allocate nothing once
/// the table has grown. Not thread safe.
/// </summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed class IdleSet<TInstance>
    where TInstance : class
{
    // Stands for no affinity, which a dictionary does not take as a key.
    private static readonly object None = new();

    private readonly Dictionary<object, PooledInstance<TInstance>> _newestOf = new(ReferenceEqualityComparer.Instance);

    public int Count { get; private set; }

    /// <summary>What all of them count in the budget.</summary>
    public long ChargedBytes { get; private set; }

    public PooledInstance<TInstance>? Newest { get; private set; }

    public PooledInstance<TInstance>? Oldest { get; private set; }

    /// <summary>The most recently used one with that affinity; null for none.</summary>
    public PooledInstance<TInstance>? Find(object? affinity) => _newestOf.GetValueOrDefault(affinity ?? None);

    /// <summary>Adds the one that was used last.</summary>
    public void Add(PooledInstance<TInstance> entry)
    {
        entry.Older = Newest;
        entry.Newer = null;
        _ = Newest is null ? Oldest = entry : Newest.Newer = entry;
        Newest = entry;

        var key = entry.Affinity ?? None;
        var peer = _newestOf.GetValueOrDefault(key);
        entry.PeerOlder = peer;
        entry.PeerNewer = null;
        if (peer is not null)
        {
            peer.PeerNewer = entry;
        }

        _newestOf[key] = entry;
        Count++;
        ChargedBytes += entry.Charge;
    }

    public void Remove(PooledInstance<TInstance> entry)
    {
        _ = entry.Newer is null ? Newest = entry.Older : entry.Newer.Older = entry.Older;
        _ = entry.Older is null ? Oldest = entry.Newer : entry.Older.Newer = entry.Newer;

        if (entry.PeerNewer is not null)
        {
            entry.PeerNewer.PeerOlder = entry.PeerOlder;
        }
        else if (entry.PeerOlder is not null)
        {
            _newestOf[entry.Affinity ?? None] = entry.PeerOlder;
        }
        else
        {
            _newestOf.Remove(entry.Affinity ?? None);
        }

        if (entry.PeerOlder is not null)
        {
            entry.PeerOlder.PeerNewer = entry.PeerNewer;
        }

        entry.Newer = entry.Older = entry.PeerNewer = entry.PeerOlder = null;
        Count--;
        ChargedBytes -= entry.Charge;
    }

    /// <summary>Throws when the lists, the table and the sums do not agree.</summary>
    public void CheckIntegrity(InstanceState state)
    {
        var count = 0;
        var charged = 0L;
        PooledInstance<TInstance>? newer = null;
        for (var entry = Newest; entry is not null; newer = entry, entry = entry.Older)
        {
            PoolIntegrity.Require(entry.Newer == newer, "the list by use is linked both ways");
            PoolIntegrity.Require(entry.State == state, "an idle instance has its set's state");
            PoolIntegrity.Require(newer is null || newer.IdleSince >= entry.IdleSince, "the list is in order of use");
            PoolIntegrity.Require(entry.PeerNewer is not null || Find(entry.Affinity) == entry, "the newest of an affinity is in the table");
            count++;
            charged += entry.Charge;
        }

        PoolIntegrity.Require(Oldest == newer, "the list by use ends at the oldest");
        PoolIntegrity.Require(count == Count && charged == ChargedBytes, "sums of idle instances agree");
        var peers = 0;
        foreach (var (key, newest) in _newestOf)
        {
            for (var entry = newest; entry is not null; entry = entry.PeerOlder)
            {
                PoolIntegrity.Require((entry.Affinity ?? None) == key, "an instance is listed under its affinity");
                peers++;
            }
        }

        PoolIntegrity.Require(peers == Count, "every idle instance is listed under an affinity");
    }
}
