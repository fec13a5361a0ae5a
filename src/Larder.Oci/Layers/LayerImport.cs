using Larder.Cache.Artifacts;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>
/// One pass over a layer and everyone who waits for it: for its index, or for single objects, which are handed over the moment
/// they are on disk.
/// </summary>
/// <remarks>Whoever gives up leaves the pass and the others alone: what it brings was wanted, and will be again.</remarks>
internal sealed class LayerImport(ImportTurns.Turn turn)
{
    private readonly Lock _gate = new();

    // Guarded by _gate: who waits for an object. Null once the pass has ended.
    private Dictionary<ArtifactKey, List<TaskCompletionSource<ArtifactLease>>>? _waiting = [];

    /// <summary>The pass. Its result is the index.</summary>
    public Task<LayerIndex> Completion { get; private set; } = null!; // Set by Start, before anyone else sees this.

    /// <summary>Begins the pass when its turn comes.</summary>
    public void Start(Func<LayerImport, Task<LayerIndex>> run) => Completion = Task.Run(() => RunAsync(run));

    /// <summary>Somebody waits for it now.</summary>
    public void Hurry() => turn.Hurry();

    /// <summary>Waits for an object; a miss when the pass has ended without it.</summary>
    /// <param name="key">The object.</param>
    /// <param name="recheck">Looks on disk once more, for what came before anyone waited.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<ArtifactLease> WaitForAsync(
        ArtifactKey key, Func<ValueTask<ArtifactLease>> recheck, CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource<ArtifactLease>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_waiting is null)
            {
                waiter.SetResult(ArtifactLease.Miss);
            }
            else if (_waiting.TryGetValue(key, out var others))
            {
                others.Add(waiter);
            }
            else
            {
                _waiting.Add(key, [waiter]);
            }
        }

        turn.Hurry();
        var isOwned = false;
        try
        {
            var found = await recheck().ConfigureAwait(false);
            if (found.IsHit)
            {
                return found;
            }

            // Either the lease is handed over or the wait is cancelled: never both, so that no lease is lost.
            using var registration = cancellationToken.UnsafeRegister(
                static (state, token) => ((TaskCompletionSource<ArtifactLease>)state!).TrySetCanceled(token), waiter);
            isOwned = true;
            return await waiter.Task.ConfigureAwait(false);
        }
        finally
        {
            // What was handed over meanwhile has no other owner.
            if (!isOwned && !waiter.TrySetCanceled(CancellationToken.None))
            {
                (await waiter.Task.ConfigureAwait(false)).Dispose();
            }
        }
    }

    /// <summary>An object is on disk.</summary>
    public void Stored(ArtifactKey key, in ArtifactLease lease)
    {
        List<TaskCompletionSource<ArtifactLease>>? waiters;
        lock (_gate)
        {
            if (_waiting is null || !_waiting.Remove(key, out waiters))
            {
                return;
            }
        }

        foreach (var waiter in waiters)
        {
            var own = lease.Content.TryAcquire() ? new ArtifactLease(lease.Content, TierKind.Fill) : ArtifactLease.Miss;
            if (!waiter.TrySetResult(own))
            {
                own.Dispose();
            }
        }
    }

    private async Task<LayerIndex> RunAsync(Func<LayerImport, Task<LayerIndex>> run)
    {
        try
        {
            await turn.Begun.ConfigureAwait(false);
            return await run(this).ConfigureAwait(false);
        }
        finally
        {
            turn.Dispose();
            Dictionary<ArtifactKey, List<TaskCompletionSource<ArtifactLease>>> waiting;
            lock (_gate)
            {
                waiting = _waiting!; // Only this sets it to null, once.
                _waiting = null;
            }

            foreach (var waiter in waiting.Values.SelectMany(static waiters => waiters))
            {
                waiter.TrySetResult(ArtifactLease.Miss);
            }
        }
    }
}
