using System.Collections.Immutable;
using Larder.Handlers.Diagnostics;

namespace Larder.Handlers;

// What the runtime tells about itself.
public sealed partial class HandlerRuntime
{
    /// <summary>What the runtime did since it started.</summary>
    public RuntimeStatistics Statistics()
    {
        var pool = _pool.GetStatistics();
        return _counters.Read() with
        {
            SuspendedInstances = pool.Suspended,
            ExpiredSuspensions = pool.Expired,
            ActiveInstances = pool.Active,
            AvailableInstances = pool.Idle,
            InstancesCreated = pool.Created,
            InstancesReused = pool.Reused,
            TotalMemoryBytes = pool.Bytes,
        };
    }

    /// <summary>What each handler did that is remembered, the latest used first.</summary>
    public ImmutableArray<HandlerStatistics> HandlerStatistics() => _counters.ReadHandlers();
}
