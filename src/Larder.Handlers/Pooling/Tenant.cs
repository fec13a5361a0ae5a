namespace Larder.Handlers.Pooling;

/// <summary>What one tenant has of a pool, and who of it waits. Guarded by the pool's lock.</summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed class Tenant<TInstance>
    where TInstance : class
{
    public string Name { get; set; } = "";

    /// <summary>Whether the table knows it; false for one that is spare.</summary>
    public bool IsListed { get; set; }

    /// <summary>Instances in use, and those that are being made for it.</summary>
    public int Held { get; set; }

    /// <summary>Instances that are suspended, or wait to be resumed.</summary>
    public int Suspended { get; set; }

    /// <summary>Its callers in the fair queue, in order.</summary>
    public WaiterList<TInstance> Waiting { get; } = new();

    // The ring of tenants with waiting callers.
    public Tenant<TInstance>? Next { get; set; }

    public Tenant<TInstance>? Previous { get; set; }

    public bool IsIdle => Held == 0 && Suspended == 0 && Waiting.Count == 0;
}
