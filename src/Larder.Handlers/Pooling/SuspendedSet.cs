using System.Diagnostics.CodeAnalysis;

namespace Larder.Handlers.Pooling;

/// <summary>
/// Instances that wait to be resumed, by name and in the order in which they expire. Not thread safe.
/// </summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed class SuspendedSet<TInstance>
    where TInstance : class
{
    private readonly Dictionary<Guid, PooledInstance<TInstance>> _byId = [];

    private PooledInstance<TInstance>? _newest;

    public int Count => _byId.Count;

    /// <summary>The one that expires first.</summary>
    public PooledInstance<TInstance>? Oldest { get; private set; }

    public bool Contains(Guid id) => _byId.ContainsKey(id);

    /// <summary>Adds one that expires after all others or, when it was here before, at its old place.</summary>
    public void Add(PooledInstance<TInstance> entry)
    {
        _byId.Add(entry.SuspensionId, entry);
        var before = _newest;
        while (before is not null && before.ExpiresAt > entry.ExpiresAt)
        {
            before = before.Older;
        }

        entry.Older = before;
        entry.Newer = before is null ? Oldest : before.Newer;
        _ = entry.Older is null ? Oldest = entry : entry.Older.Newer = entry;
        _ = entry.Newer is null ? _newest = entry : entry.Newer.Older = entry;
    }

    public bool TryTake(Guid id, [NotNullWhen(true)] out PooledInstance<TInstance>? entry)
    {
        if (!_byId.TryGetValue(id, out entry))
        {
            return false;
        }

        Remove(entry);
        return true;
    }

    public void Remove(PooledInstance<TInstance> entry)
    {
        _byId.Remove(entry.SuspensionId);
        _ = entry.Newer is null ? _newest = entry.Older : entry.Newer.Older = entry.Older;
        _ = entry.Older is null ? Oldest = entry.Newer : entry.Older.Newer = entry.Newer;
        entry.Newer = entry.Older = null;
    }

    /// <summary>Throws when the list and the table do not agree. Returns the sum of bytes.</summary>
    public long CheckIntegrity()
    {
        var count = 0;
        var bytes = 0L;
        PooledInstance<TInstance>? older = null;
        for (var entry = Oldest; entry is not null; older = entry, entry = entry.Newer)
        {
            PoolIntegrity.Require(entry.Older == older, "the list of suspended instances is linked both ways");
            PoolIntegrity.Require(older is null || older.ExpiresAt <= entry.ExpiresAt, "the list is in order of expiry");
            PoolIntegrity.Require(entry.State == InstanceState.Suspended, "suspended instances say so");
            PoolIntegrity.Require(_byId.GetValueOrDefault(entry.SuspensionId) == entry, "a suspended instance is in the table");
            count++;
            bytes += entry.Bytes;
        }

        PoolIntegrity.Require(_newest == older, "the list of suspended instances ends at the newest");
        PoolIntegrity.Require(count == _byId.Count, "every suspended instance is in the list");
        return bytes;
    }
}
