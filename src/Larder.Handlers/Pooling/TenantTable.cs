namespace Larder.Handlers.Pooling;

/// <summary>
/// The tenants that have something of a pool or wait for it. Those that have nothing are forgotten, and their objects
/// used again, so that a call allocates nothing and names from outside do not add up. Not thread safe.
/// </summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed class TenantTable<TInstance>
    where TInstance : class
{
    private const int MaxSpare = 64;

    private readonly Dictionary<string, Tenant<TInstance>> _tenants = new(StringComparer.Ordinal);
    private readonly Stack<Tenant<TInstance>> _spare = [];

    public IEnumerable<Tenant<TInstance>> All => _tenants.Values;

    /// <summary>The tenant of that name, new or not. The caller forgets it again when it is idle.</summary>
    public Tenant<TInstance> Get(string name)
    {
        if (!_tenants.TryGetValue(name, out var tenant))
        {
            tenant = _spare.TryPop(out var spare) ? spare : new Tenant<TInstance>();
            tenant.Name = name;
            tenant.IsListed = true;
            _tenants.Add(name, tenant);
        }

        return tenant;
    }

    /// <summary>Drops a tenant that has nothing.</summary>
    public void ForgetIfIdle(Tenant<TInstance> tenant)
    {
        if (tenant.IsIdle && tenant.IsListed)
        {
            _tenants.Remove(tenant.Name);
            tenant.Name = "";
            tenant.IsListed = false;
            if (_spare.Count < MaxSpare)
            {
                _spare.Push(tenant);
            }
        }
    }
}
