using Larder.Cache.Memory;

namespace Larder.Symbols.Caching;

/// <content>Get or compute: one run a key, and no lock while it computes.</content>
public sealed partial class TypedSymbolCache<TData>
{
    /// <summary>
    /// Looks up, and on a miss makes the entry once, however many callers wait for the key, and puts it as the rule allows.
    /// </summary>
    /// <remarks>
    /// No lock is held while it is made. A caller whose token is cancelled leaves alone; the run is cancelled when the last has
    /// left. A failure reaches every waiter and is not kept.
    /// </remarks>
    /// <param name="key">The key.</param>
    /// <param name="state">Handed to <paramref name="make"/>.</param>
    /// <param name="make">Makes the entry; runs on the first caller's thread until it first awaits.</param>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    public ValueTask<TData> GetOrComputeAsync<TState>(
        SymbolKey key,
        TState state,
        Func<SymbolKey, TState, CancellationToken, ValueTask<TData>> make,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(make);
        return TryGet(key, out var data)
            ? new ValueTask<TData>(data)
            : new ValueTask<TData>(RunAsync(key, state, make, cancellationToken));
    }

    /// <summary>
    /// As <see cref="GetOrComputeAsync"/>, for an entry that may be found in another module than the one that was asked: it goes
    /// with either. Null from <paramref name="make"/> is not kept.
    /// </summary>
    internal ValueTask<CachedSymbol<TData>?> GetOrResolveAsync<TState>(
        SymbolKey key,
        TState state,
        Func<SymbolKey, TState, CancellationToken, ValueTask<CachedSymbol<TData>?>> make,
        CancellationToken cancellationToken) =>
        TryGet(key, out var data)
            ? new ValueTask<CachedSymbol<TData>?>(new CachedSymbol<TData>(data, null))
            : new ValueTask<CachedSymbol<TData>?>(JoinOrStartAsync(key, state, make, cancellationToken));

    private async Task<TData> RunAsync<TState>(
        SymbolKey key,
        TState state,
        Func<SymbolKey, TState, CancellationToken, ValueTask<TData>> make,
        CancellationToken cancellationToken)
    {
        var entry = await JoinOrStartAsync(
            key,
            (state, make),
            static async (key, given, token) => new CachedSymbol<TData>(await given.make(key, given.state, token).ConfigureAwait(false), null),
            cancellationToken).ConfigureAwait(false);
        return entry!.Data; // Only resolutions give null.
    }

    private Task<CachedSymbol<TData>?> JoinOrStartAsync<TState>(
        SymbolKey key,
        TState state,
        Func<SymbolKey, TState, CancellationToken, ValueTask<CachedSymbol<TData>?>> make,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return Task.FromCanceled<CachedSymbol<TData>?>(cancellationToken);
            }

            var mine = new Run(new Flight<CachedSymbol<TData>?>(), _clock.Now);
            var run = _runs.GetOrAdd(key, mine);
            if (ReferenceEquals(run, mine))
            {
                _ = FlyAsync(mine, key, state, make); // Never throws; every way it ends is the run's result.
                return mine.Flight.WaitAsync(cancellationToken);
            }

            if (!run.Flight.IsOutdated && !_clock.IsOutdated(key.Module, run.Began) && run.Flight.TryJoin())
            {
                return run.Flight.WaitAsync(cancellationToken);
            }

            // Outdated, abandoned or just over: it is not to be joined, and not in the way either.
            _runs.TryRemove(new(key, run));
        }
    }

    private async Task FlyAsync<TState>(
        Run run,
        SymbolKey key,
        TState state,
        Func<SymbolKey, TState, CancellationToken, ValueTask<CachedSymbol<TData>?>> make)
    {
        var flight = run.Flight;
        try
        {
            // A run that ended between this caller's lookup and its start has left its entry.
            if (!_map.TryPeek(key, out var entry))
            {
                entry = await make(key, state, flight.Abandoned).ConfigureAwait(false);
                if (entry is not null && !flight.IsOutdated)
                {
                    Store(key, entry, run.Began);
                    if (flight.IsOutdated)
                    {
                        _map.RemoveExactly(key, entry, Larder.Cache.Artifacts.RemovalReason.Invalidated);
                    }
                }
            }

            _runs.TryRemove(new(key, run));
            flight.Succeed(entry);
        }
        catch (Exception exception)
        {
            _runs.TryRemove(new(key, run));
            flight.Fail(exception);
        }
    }

    private sealed record Run(Flight<CachedSymbol<TData>?> Flight, long Began);
}
