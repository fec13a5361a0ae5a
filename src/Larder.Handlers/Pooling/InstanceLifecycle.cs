namespace Larder.Handlers.Pooling;

/// <summary>What a pool does not know about its instances. Every delegate is called without a lock.</summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed record InstanceLifecycle<TInstance>
    where TInstance : class
{
    /// <summary>Makes an instance. What it throws is counted and given to the caller that needed it.</summary>
    public required Func<CancellationToken, ValueTask<TInstance>> Create { get; init; }

    /// <summary>
    /// Leaves nothing of an instance's last use in it. Gets the affinity that is wanted next, or null when that is
    /// unknown; returns the affinity that the instance has then. An instance for which it throws is dropped.
    /// </summary>
    public required Func<TInstance, object?, object?> Reset { get; init; }

    /// <summary>Tells how many bytes an instance holds now. Called after creation and reset, and at release.</summary>
    public required Func<TInstance, long> MeasureBytes { get; init; }

    /// <summary>Frees an instance. Called exactly once for each.</summary>
    public required Action<TInstance> Destroy { get; init; }
}
