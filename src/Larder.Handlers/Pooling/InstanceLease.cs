namespace Larder.Handlers.Pooling;

/// <summary>
/// The right to use an instance, or the reason why there is none. Good until it is released or suspended; a copy that is
/// used later is refused.
/// </summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal readonly struct InstanceLease<TInstance>
    where TInstance : class
{
    internal InstanceLease(PooledInstance<TInstance> entry)
    {
        Entry = entry;
        Generation = entry.Generation;
    }

    internal InstanceLease(AcquireOutcome outcome, Exception? failure = null)
    {
        Outcome = outcome;
        Failure = failure;
    }

    /// <summary>How the wish ended.</summary>
    public AcquireOutcome Outcome { get; }

    /// <summary>Whether there is an instance.</summary>
    public bool IsAcquired => Entry is not null;

    /// <summary>The instance.</summary>
    /// <exception cref="InvalidOperationException">None was acquired.</exception>
    public TInstance Instance => Held.Instance;

    /// <summary>The number of the instance, from 1; no two of a pool share one.</summary>
    public long Id => Held.Id;

    /// <summary>
    /// What the instance is prepared for, which need not be what was wanted. The holder sets it when it prepares the
    /// instance for something else.
    /// </summary>
    /// <exception cref="InvalidOperationException">None was acquired, or it was given back.</exception>
    public object? Affinity
    {
        get => Held.Affinity;
        set => (IsCurrent ? Held : throw Stale()).Affinity = value;
    }

    /// <summary>Why an instance could not be made; null unless that is the outcome.</summary>
    public Exception? Failure { get; }

    internal PooledInstance<TInstance>? Entry { get; }

    internal long Generation { get; }

    internal bool IsCurrent => Held.Generation == Generation;

    private PooledInstance<TInstance> Held =>
        Entry ?? throw new InvalidOperationException($"There is no instance in this lease: {Outcome}.");

    /// <summary>What the use of a lease that ended throws.</summary>
    internal static InvalidOperationException Stale() => new("The instance was given back already.");
}
