namespace Larder.Handlers.Pooling;

/// <summary>
/// A caller that waits. Its task gets the grant; it is taken from the queue under the pool's lock first, so that a grant,
/// a deadline, a cancellation and a shutdown cannot all win.
/// </summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed class Waiter<TInstance>(Tenant<TInstance> tenant, object? affinity, long since)
    : TaskCompletionSource<Grant<TInstance>>(TaskCreationOptions.RunContinuationsAsynchronously)
    where TInstance : class
{
    public Tenant<TInstance> Tenant { get; } = tenant;

    public object? Affinity { get; } = affinity;

    /// <summary>Timestamp from which it waits.</summary>
    public long Since { get; } = since;

    /// <summary>The suspended instance that it wants back; null for one who wants any.</summary>
    public PooledInstance<TInstance>? Resuming { get; init; }

    /// <summary>The list that it is in; null when it waits no more. Guarded by the pool's lock, as the links are.</summary>
    public WaiterList<TInstance>? List { get; set; }

    public Waiter<TInstance>? Next { get; set; }

    public Waiter<TInstance>? Previous { get; set; }
}
