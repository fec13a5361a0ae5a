namespace Larder.Handlers.Pooling;

/// <summary>
/// Everything that a pool counts, as one snapshot. Always true:
/// <c>Created = Idle + Active + Suspended + Destroyed</c>,
/// <c>Acquired + Resumed = Active + Released + Suspensions</c>, and, when nothing is being made for a caller,
/// <c>Requests + Retries = Answered + Waiting</c>.
/// </summary>
public sealed record InstancePoolStatistics
{
    /// <summary>Calls that wanted an instance, resumptions included.</summary>
    public long Requests { get; init; }

    /// <summary>Requests made again within a call, because the instance that it got could not be reset.</summary>
    public long Retries { get; init; }

    /// <summary>Requests that got an instance, resumptions not included.</summary>
    public long Acquired { get; init; }

    /// <summary>Those among them that got one that existed already.</summary>
    public long Reused { get; init; }

    /// <summary>Those among the latter that got one of the affinity that they wanted.</summary>
    public long AffinityHits { get; init; }

    /// <summary>Instances that came back, to be reused or not.</summary>
    public long Released { get; init; }

    /// <summary>Instances that were made.</summary>
    public long Created { get; init; }

    /// <summary>Instances that could not be made.</summary>
    public long CreationFailures { get; init; }

    /// <summary>Requests that ended because an instance could not be made.</summary>
    public long CallsWithoutCreation { get; init; }

    /// <summary>Instances that can be had at once, those that are still to be reset included.</summary>
    public int Idle { get; init; }

    /// <summary>Those among them that are still to be reset.</summary>
    public int Unreset { get; init; }

    /// <summary>Instances in use.</summary>
    public int Active { get; init; }

    /// <summary>Instances that are being made.</summary>
    public int Making { get; init; }

    /// <summary>Instances that wait to be resumed.</summary>
    public int Suspended { get; init; }

    /// <summary>Destroyed because their user said so.</summary>
    public long Discarded { get; init; }

    /// <summary>Destroyed because they could not be reset.</summary>
    public long ResetFailures { get; init; }

    /// <summary>Destroyed after their uses, or at their age.</summary>
    public long Retired { get; init; }

    /// <summary>Destroyed because they were idle.</summary>
    public long Trimmed { get; init; }

    /// <summary>Destroyed to make room within the budgets.</summary>
    public long Evicted { get; init; }

    /// <summary>Destroyed because they were suspended and not resumed in time.</summary>
    public long Expired { get; init; }

    /// <summary>Destroyed because their suspension was called off, or the pool was cleared.</summary>
    public long Dropped { get; init; }

    /// <summary>Destroyed because the pool was disposed.</summary>
    public long DestroyedAtShutdown { get; init; }

    /// <summary>Callers that wait now.</summary>
    public int Waiting { get; init; }

    /// <summary>The most that ever did.</summary>
    public int PeakWaiting { get; init; }

    /// <summary>Requests that had to wait.</summary>
    public long Waits { get; init; }

    /// <summary>How long they did, together.</summary>
    public TimeSpan WaitTime { get; init; }

    /// <summary>Requests that got nothing in time.</summary>
    public long TimedOut { get; init; }

    /// <summary>Requests refused because too many waited.</summary>
    public long QueueFull { get; init; }

    /// <summary>Requests refused because the pool was being disposed.</summary>
    public long ShutDown { get; init; }

    /// <summary>Requests whose callers gave up.</summary>
    public long Canceled { get; init; }

    /// <summary>Instances that were suspended.</summary>
    public long Suspensions { get; init; }

    /// <summary>Suspensions for which there was no room.</summary>
    public long SuspensionsRefused { get; init; }

    /// <summary>Suspended instances that went on.</summary>
    public long Resumed { get; init; }

    /// <summary>Requests for a suspended instance that there was not.</summary>
    public long NotSuspended { get; init; }

    /// <summary>Instances that were reset.</summary>
    public long Resets { get; init; }

    /// <summary>The most instances that were in use at once.</summary>
    public int PeakActive { get; init; }

    /// <summary>What all instances hold, suspended ones included, as last measured.</summary>
    public long Bytes { get; init; }

    /// <summary>What the suspended ones hold.</summary>
    public long SuspendedBytes { get; init; }

    /// <summary>What the others, and those that are being made, count in the budget.</summary>
    public long ChargedBytes { get; init; }

    /// <summary>The most that all ever held.</summary>
    public long PeakBytes { get; init; }

    /// <summary>The bound of the pool.</summary>
    public int MaxInstances { get; init; }

    /// <summary>Instances that are gone.</summary>
    public long Destroyed =>
        Discarded + ResetFailures + Retired + Trimmed + Evicted + Expired + Dropped + DestroyedAtShutdown;

    /// <summary>Requests that have ended.</summary>
    public long Answered =>
        Acquired + Resumed + TimedOut + QueueFull + ShutDown + Canceled + NotSuspended + CallsWithoutCreation;
}
