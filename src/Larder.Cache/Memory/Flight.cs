using System.Diagnostics.CodeAnalysis;

namespace Larder.Cache.Memory;

/// <summary>
/// One run of a factory that any number of callers wait for. It is cancelled only when the last of them has given up.
/// </summary>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A source without timer, link or wait handle holds nothing, and the last waiter may still cancel it.")]
internal sealed class Flight<TValue>
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _abandoned = new();
    private readonly TaskCompletionSource<TValue> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guarded by _gate. At zero the flight is abandoned or over, and nobody may join any more.
    private int _waiters = 1;

    /// <summary>Ends for all waiters at once.</summary>
    public Task<TValue> Result => _result.Task;

    /// <summary>Cancelled when nobody waits any more.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>Set when the key was removed meanwhile: the value goes to those who wait and is not stored.</summary>
    public bool IsOutdated { get; set; }

    /// <summary>Joins; false when the flight is abandoned or over.</summary>
    public bool TryJoin()
    {
        lock (_gate)
        {
            if (_waiters == 0)
            {
                return false;
            }

            _waiters++;
            return true;
        }
    }

    /// <summary>Waits for the result, or gives up alone.</summary>
    public async Task<TValue> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Result.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gives every waiter the value.</summary>
    public void Succeed(TValue value) => _result.TrySetResult(value);

    /// <summary>Gives every waiter the failure.</summary>
    public void Fail(Exception exception)
    {
        _result.TrySetException(exception);
        _ = _result.Task.Exception; // Seen, even when every waiter has given up.
    }

    private void Leave()
    {
        var last = false;
        lock (_gate)
        {
            if (--_waiters == 0)
            {
                last = !Result.IsCompleted;
            }
        }

        if (last)
        {
            _abandoned.Cancel();
        }
    }
}
