namespace Larder.Handlers.Pooling;

/// <summary>What a caller got under the lock, and what it has to do next.</summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
/// <param name="Step">What it has to do.</param>
/// <param name="Entry">The instance; null unless it got one.</param>
/// <param name="Outcome">Why it got none.</param>
/// <param name="Failure">The failure behind that; null for none.</param>
/// <param name="Tenant">Who makes an instance; null unless that is the step.</param>
/// <param name="Waiter">The place in the queue; null unless it has to wait.</param>
internal readonly record struct Grant<TInstance>(
    GrantStep Step,
    PooledInstance<TInstance>? Entry = null,
    AcquireOutcome Outcome = AcquireOutcome.Acquired,
    Exception? Failure = null,
    Tenant<TInstance>? Tenant = null,
    Waiter<TInstance>? Waiter = null)
    where TInstance : class
{
    public static Grant<TInstance> Refused(AcquireOutcome outcome, Exception? failure = null) =>
        new(GrantStep.Refused, Outcome: outcome, Failure: failure);
}
