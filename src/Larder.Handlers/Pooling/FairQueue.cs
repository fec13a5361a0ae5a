namespace Larder.Handlers.Pooling;

/// <summary>
/// Callers that wait for any instance: first come, first served within a tenant, and tenants take turns. Not thread safe.
/// </summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed class FairQueue<TInstance>
    where TInstance : class
{
    // A ring of the tenants with waiting callers; this one's turn is next.
    private Tenant<TInstance>? _turn;

    public int Count { get; private set; }

    public void Add(Waiter<TInstance> waiter)
    {
        var tenant = waiter.Tenant;
        if (tenant.Waiting.Count == 0)
        {
            Link(tenant);
        }

        tenant.Waiting.Add(waiter);
        Count++;
    }

    public void Remove(Waiter<TInstance> waiter)
    {
        var tenant = waiter.Tenant;
        tenant.Waiting.Remove(waiter);
        Count--;
        if (tenant.Waiting.Count == 0)
        {
            Unlink(tenant);
        }
    }

    /// <summary>
    /// The caller whose turn it is among the tenants that hold less than <paramref name="below"/>; null when there is none.
    /// </summary>
    public Waiter<TInstance>? Peek(int below)
    {
        if (_turn is null)
        {
            return null;
        }

        var tenant = _turn;
        do
        {
            if (tenant.Held < below)
            {
                return tenant.Waiting.First;
            }

            tenant = tenant.Next!;
        }
        while (tenant != _turn);
        return null;
    }

    /// <summary>Takes the caller whose turn it is; the tenants after its own are next.</summary>
    public void Take(Waiter<TInstance> waiter)
    {
        var next = waiter.Tenant.Next;
        Remove(waiter);
        if (_turn is not null)
        {
            // The tenant's own place in the ring is the last one now, unless it has left it.
            _turn = next == waiter.Tenant ? _turn : next;
        }
    }

    public void CheckIntegrity(IEnumerable<Tenant<TInstance>> tenants)
    {
        var waiting = tenants.Where(static tenant => tenant.Waiting.Count > 0).ToHashSet();
        PoolIntegrity.Require(waiting.Sum(static tenant => tenant.Waiting.Count) == Count, "the queue counts its callers");
        var steps = 0;
        for (var tenant = _turn; tenant is not null; tenant = tenant.Next == _turn ? null : tenant.Next)
        {
            PoolIntegrity.Require(tenant.Next!.Previous == tenant, "the ring is linked both ways");
            PoolIntegrity.Require(waiting.Contains(tenant), "only tenants with waiting callers are in the ring");
            steps++;
        }

        PoolIntegrity.Require(steps == waiting.Count, "every tenant with waiting callers is in the ring");
    }

    // A tenant that begins to wait has its turn after all others.
    private void Link(Tenant<TInstance> tenant)
    {
        if (_turn is null)
        {
            _turn = tenant.Next = tenant.Previous = tenant;
            return;
        }

        tenant.Next = _turn;
        tenant.Previous = _turn.Previous;
        _turn.Previous!.Next = tenant;
        _turn.Previous = tenant;
    }

    private void Unlink(Tenant<TInstance> tenant)
    {
        if (tenant.Next == tenant)
        {
            _turn = null;
        }
        else
        {
            tenant.Previous!.Next = tenant.Next;
            tenant.Next!.Previous = tenant.Previous;
            if (_turn == tenant)
            {
                _turn = tenant.Next;
            }
        }

        tenant.Next = tenant.Previous = null;
    }
}
