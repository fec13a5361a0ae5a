using Larder.Cache.Artifacts;

namespace Larder.Cache.Tiering;

/// <summary>One run in flight for one key, shared by everyone who waits for it.</summary>
/// <remarks>
/// States: running (in the table, joinable), abandoned (every waiter left; its token is cancelled and nobody may join
/// it any more), completed (its result is shared out to those who still wait). The flight owns one lease on the
/// result until the last waiter has taken its own.
/// </remarks>
internal sealed class Flight(ArtifactKey key) : IDisposable
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cancellation = new();

    // Guarded by the table's lock.
    private int _waiters;
    private bool _abandoned;
    private bool _completed;

    // Guarded by the table's lock until the completion is set; constant afterwards.
    private ArtifactLease _result;

    /// <summary>What is being made.</summary>
    public ArtifactKey Key => key;

    /// <summary>Cancelled when no waiter is left or the table closes.</summary>
    public CancellationToken Token => _cancellation.Token;

    /// <summary>Ends when the flight does; faulted when its body threw.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Whether the key was removed while the flight ran, so that what it stored has to go again.</summary>
    public bool Invalidated { get; private set; }

    /// <summary>Counts one more waiter; false when the flight is given up. Under the table's lock.</summary>
    public bool TryJoin()
    {
        if (_abandoned)
        {
            return false;
        }

        _waiters++;
        return true;
    }

    /// <summary>Counts one waiter less. Under the table's lock; returns what to do once the lock is left.</summary>
    public FlightLeave Leave()
    {
        _waiters--;
        if (_waiters > 0)
        {
            return FlightLeave.Nothing;
        }

        if (_completed)
        {
            return FlightLeave.Dispose;
        }

        _abandoned = true;
        return FlightLeave.Cancel;
    }

    /// <summary>
    /// Takes over the result and marks the flight over. Under the table's lock; returns whether nobody waits for it.
    /// </summary>
    public bool Complete(ArtifactLease result)
    {
        _result = result;
        _completed = true;
        return _waiters == 0;
    }

    /// <summary>Marks what the flight makes as unwanted. Under the table's lock.</summary>
    public void Invalidate() => Invalidated = true;

    /// <summary>Asks the body to stop.</summary>
    public void Cancel() => _cancellation.Cancel();

    /// <summary>Wakes the waiters to take their share of the result.</summary>
    public void Succeed() => _completion.TrySetResult();

    /// <summary>Publishes the failure to the waiters.</summary>
    public void Fail(Exception exception)
    {
        _completion.TrySetException(exception);

        // Every waiter may have given up; an exception that nobody awaits is still observed.
        _ = _completion.Task.Exception;
    }

    /// <summary>Gives one waiter its own lease. Only after <see cref="Completion"/> ended well.</summary>
    public ArtifactLease Share()
    {
        if (!_result.IsHit)
        {
            return _result;
        }

        // The flight's own reference keeps the count above zero, so that taking one more cannot fail.
        var content = _result.Content;
        return content.TryAcquire() ? new ArtifactLease(content, _result.Source) : ArtifactLease.Miss;
    }

    /// <summary>Gives back the flight's own lease.</summary>
    public void Dispose()
    {
        _result.Dispose();
        _cancellation.Dispose();
    }
}
