using System.Collections.Concurrent;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

// One fill for all nodes that share the store, where it offers leases. Whoever has the lease makes the artifact; the
// others look for it, and for the lease, again and again until their time is over. Whatever goes wrong with the store
// ends the waiting: each makes the artifact itself then, as without leases.
public sealed partial class RemoteTier
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(500);

    // The turns that this node has, with the loops that renew them.
    private readonly ConcurrentDictionary<FleetTurn, Task> _turns = new();
    private long _turnsTaken;
    private long _turnsServed;
    private long _turnsAlone;

    /// <summary>Whether the nodes take turns at making artifacts. A node that uploads nothing cannot make any for others.</summary>
    internal bool SharesFills =>
        _store is IFleetLease && _options.Writers > 0 && _options.FleetLease > TimeSpan.Zero && !AreWritesRefused();

    /// <summary>
    /// Waits until the artifact is in the store or this node may make it.
    /// </summary>
    /// <param name="key">What is wanted.</param>
    /// <param name="fetch">Gets the artifact, which the store says it has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The artifact; or the turn, which the caller ends; or neither, when the store could not be asked or the others
    /// took too long, which makes no difference to the caller but that he makes it without a turn.
    /// </returns>
    internal async ValueTask<(ArtifactLease Found, FleetTurn? Turn)> TakeTurnAsync(
        ArtifactKey key, Func<ValueTask<ArtifactLease>> fetch, CancellationToken cancellationToken)
    {
        var begun = _time.GetTimestamp();
        for (var wait = FirstLook; ;)
        {
            var (answered, turn) = await TryTakeTurnAsync(key, cancellationToken).ConfigureAwait(false);
            if (!answered)
            {
                break;
            }

            // Another node may have made it between this node's look and its turn.
            if (await ContainsAsync(key, cancellationToken).ConfigureAwait(false))
            {
                var found = await FetchInTurnAsync(fetch, turn).ConfigureAwait(false);
                if (found.IsHit)
                {
                    turn?.End(made: false);
                    Interlocked.Increment(ref _turnsServed);
                    return (found, null);
                }
            }

            if (turn is not null)
            {
                Interlocked.Increment(ref _turnsTaken);
                return (ArtifactLease.Miss, turn);
            }

            if (_time.GetElapsedTime(begun) >= _options.FleetWait)
            {
                break;
            }

            await Task.Delay(wait * (0.75 + (Random.Shared.NextDouble() / 2)), _time, cancellationToken).ConfigureAwait(false);
            wait = wait * 1.5 < LongestLook ? wait * 1.5 : LongestLook;
        }

        Interlocked.Increment(ref _turnsAlone);
        return (ArtifactLease.Miss, null);
    }

    private static async ValueTask<ArtifactLease> FetchInTurnAsync(Func<ValueTask<ArtifactLease>> fetch, FleetTurn? turn)
    {
        try
        {
            return await fetch().ConfigureAwait(false);
        }
        catch
        {
            turn?.End(made: false);
            throw;
        }
    }

    private async ValueTask<(bool Answered, FleetTurn? Turn)> TryTakeTurnAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        byte[]? token = null;
        var (answered, taken) = await AskAsync(
            async (store, key, cancel) =>
            {
                token = await ((IFleetLease)store).TryAcquireLeaseAsync(key, _options.FleetLease, cancel).ConfigureAwait(false);
                return token is not null;
            },
            key,
            cancellationToken).ConfigureAwait(false);
        if (!taken)
        {
            return (answered, null);
        }

        var turn = new FleetTurn(key, token!); // Set when taken.
        _turns[turn] = Task.Run(() => HoldAsync(turn), CancellationToken.None);
        return (true, turn);
    }

    /// <summary>Renews the lease until the turn is over, the tier closes, or it has taken longer than others wait.</summary>
    private async Task HoldAsync(FleetTurn turn)
    {
        var leases = (IFleetLease)_store;
        var begun = _time.GetTimestamp();
        var over = UntilUploadedAsync(turn);
        try
        {
            var held = true;
            while (held && !over.IsCompleted && _time.GetElapsedTime(begun) < _options.FleetWait)
            {
                await over.WaitAsync(_options.FleetLease / 3, _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_closing.IsCancellationRequested)
                {
                    break;
                }

                held = over.IsCompleted
                    || await leases.RenewLeaseAsync(turn.Key, turn.Token, _options.FleetLease, _closing.Token).ConfigureAwait(false);
            }

            // After its longest time a lease is let go of, too: those who wait have stopped waiting.
            using var patience = new CancellationTokenSource(_options.LookupTimeout, _time);
            if (held)
            {
                await leases.ReleaseLeaseAsync(turn.Key, turn.Token, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is CacheException or OperationCanceledException)
        {
            // The lease ends by itself.
        }
        finally
        {
            _turns.TryRemove(turn, out _);
        }
    }

    private async Task UntilUploadedAsync(FleetTurn turn)
    {
        if (await turn.Over.ConfigureAwait(false) && _pending.TryGetValue(turn.Key, out var job))
        {
            await job.Ended.ConfigureAwait(false);
        }
    }

    private async Task EndTurnsAsync()
    {
        foreach (var (turn, holding) in _turns)
        {
            turn.End(made: false);
            await holding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
