namespace Larder.Handlers.Pooling;

/// <summary>
/// An instance with what its pool knows of it. Everything is guarded by the pool's lock, save <see cref="Affinity"/> and
/// <see cref="Uses"/> of one that is active, which are its holder's.
/// </summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed class PooledInstance<TInstance>(TInstance instance, long id, long createdAt)
    where TInstance : class
{
    public TInstance Instance { get; } = instance;

    public long Id { get; } = id;

    /// <summary>Timestamp of its creation.</summary>
    public long CreatedAt { get; } = createdAt;

    public InstanceState State { get; set; }

    /// <summary>Raised whenever it is given back; a lease of an earlier one is stale.</summary>
    public long Generation { get; set; }

    public object? Affinity { get; set; }

    /// <summary>What it held when it was last measured.</summary>
    public long Bytes { get; set; }

    /// <summary>What it counts in the pool's budget, at least <see cref="Bytes"/>; 0 while suspended.</summary>
    public long Charge { get; set; }

    /// <summary>Who has it, or had it suspended; null when nobody.</summary>
    public Tenant<TInstance>? Tenant { get; set; }

    public int Uses { get; set; }

    /// <summary>Timestamp of its last release.</summary>
    public long IdleSince { get; set; }

    public Guid SuspensionId { get; set; }

    /// <summary>Timestamp from which it may not be resumed.</summary>
    public long ExpiresAt { get; set; }

    // The list that its state puts it in: idle by last use, or suspended by time.
    public PooledInstance<TInstance>? Newer { get; set; }

    public PooledInstance<TInstance>? Older { get; set; }

    // The list of idle ones with the same affinity.
    public PooledInstance<TInstance>? PeerNewer { get; set; }

    public PooledInstance<TInstance>? PeerOlder { get; set; }

    /// <summary>The next in a <see cref="VictimList{TInstance}"/>.</summary>
    public PooledInstance<TInstance>? NextVictim { get; set; }
}
