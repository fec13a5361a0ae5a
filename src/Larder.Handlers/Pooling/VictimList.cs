namespace Larder.Handlers.Pooling;

/// <summary>Instances that were taken out under the lock and are destroyed after it is left.</summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal struct VictimList<TInstance>
    where TInstance : class
{
    private PooledInstance<TInstance>? _first;

    public readonly bool IsEmpty => _first is null;

    public void Add(PooledInstance<TInstance> entry)
    {
        entry.NextVictim = _first;
        _first = entry;
    }

    public PooledInstance<TInstance>? Take()
    {
        var taken = _first;
        _first = taken?.NextVictim;
        return taken;
    }
}
