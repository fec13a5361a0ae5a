using System.Runtime.InteropServices;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Disk;

/// <summary>
/// One asynchronous lock a key, made when it is wanted and forgotten when nobody holds or awaits it. Whoever changes
/// or verifies the files of a key holds its lock; nobody holds two, and nobody reserves space while holding one.
/// </summary>
internal sealed class KeyLocks
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<ArtifactKey, Waiters?> _held = [];

    /// <summary>Takes the lock when it is free.</summary>
    public bool TryTake(ArtifactKey key)
    {
        lock (_gate)
        {
            return _held.TryAdd(key, null);
        }
    }

    /// <summary>Waits for the lock. A cancelled wait takes nothing.</summary>
    public ValueTask TakeAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        lock (_gate)
        {
            ref var waiters = ref CollectionsMarshal.GetValueRefOrAddDefault(_held, key, out var exists);
            if (!exists)
            {
                return ValueTask.CompletedTask;
            }

            waiters ??= new Waiters();
            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiters.Enqueue(turn);
        }

        return cancellationToken.CanBeCanceled ? AwaitTurnAsync(turn, cancellationToken) : new ValueTask(turn.Task);
    }

    /// <summary>Gives the lock to the next in line, or frees it.</summary>
    public void Release(ArtifactKey key)
    {
        TaskCompletionSource? next;
        lock (_gate)
        {
            do
            {
                if (_held[key] is not { Count: > 0 } waiters)
                {
                    _held.Remove(key);
                    return;
                }

                next = waiters.Dequeue();
            }
            while (!next.TrySetResult());
        }
    }

    // The lock is owned exactly when the turn's result is set; a cancelled turn is skipped by Release.
    private static async ValueTask AwaitTurnAsync(TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn);
        await turn.Task.ConfigureAwait(false);
    }

    private sealed class Waiters : Queue<TaskCompletionSource>;
}
