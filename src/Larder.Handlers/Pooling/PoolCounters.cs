namespace Larder.Handlers.Pooling;

/// <summary>What a pool counts, guarded by its lock. The names are those of <see cref="InstancePoolStatistics"/>.</summary>
internal sealed class PoolCounters
{
    public long Requests { get; set; }

    public long Retries { get; set; }

    public long Acquired { get; set; }

    public long Reused { get; set; }

    public long AffinityHits { get; set; }

    public long Released { get; set; }

    public long Created { get; set; }

    public long CreationFailures { get; set; }

    public long CallsWithoutCreation { get; set; }

    public long Waits { get; set; }

    public long WaitTicks { get; set; }

    public int PeakWaiting { get; set; }

    public long TimedOut { get; set; }

    public long QueueFull { get; set; }

    public long ShutDown { get; set; }

    public long Canceled { get; set; }

    public long Suspensions { get; set; }

    public long SuspensionsRefused { get; set; }

    public long Resumed { get; set; }

    public long NotSuspended { get; set; }

    public int PeakActive { get; set; }

    public long PeakBytes { get; set; }

    /// <summary>Destroyed instances by <see cref="DestroyReason"/>.</summary>
    public long[] Destroyed { get; } = new long[(int)DestroyReason.Count];
}
