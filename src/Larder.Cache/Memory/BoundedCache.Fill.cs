using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <content>Get-or-add, with one run of the factory for all who wait.</content>
public sealed partial class BoundedCache<TKey, TValue>
{
    // Factories that run now, by key.
    private readonly ConcurrentDictionary<TKey, Flight<TValue>> _flights;

    /// <summary>
    /// Looks up, and on a miss computes a value on this thread and stores it. For pure, quick computations: callers that
    /// miss at the same time each compute, and all return the value that was stored first.
    /// </summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public TValue GetOrAdd<TState>(TKey key, TState state, Func<TKey, TState, TValue> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        if (TryGet(key, out var found))
        {
            return found;
        }

        var value = factory(key, state);
        var mixed = Mix(key);
        return _isPlain && TryPutPlain(mixed, key, value) != CacheShard<TKey, TValue>.Blocked
            ? value
            : AddRequested(mixed, key, value);
    }

    // Apart, as PutRequested is. Gives the value that the key has then.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private TValue AddRequested(ulong mixed, TKey key, TValue value)
    {
        var put = new PutRequest<TKey, TValue>
        {
            Key = key,
            Value = value,
            Hash = (uint)mixed,
            Weight = Weigh(key, value),
            OnlyIfAbsent = true,
        };
        if (Put(mixed, ref put) == PutOutcome.AlreadyPresent)
        {
            _release?.Invoke(value);
            return put.Value;
        }

        return value;
    }

    /// <summary>
    /// Looks up, and on a miss runs the factory once, however many callers wait for the key, and stores what it gives.
    /// </summary>
    /// <remarks>
    /// A hit completes at once and allocates nothing. A caller whose token is cancelled leaves alone; the factory's own
    /// token is cancelled when the last has left. A failure reaches every waiter and is not stored. When the key is
    /// removed, or everything is cleared, while the factory runs, its value goes to those who wait and is not stored.
    /// </remarks>
    /// <param name="key">The key.</param>
    /// <param name="state">Handed to the factory.</param>
    /// <param name="factory">Makes the value; runs on the first caller's thread until it first awaits.</param>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public ValueTask<TValue> GetOrAddAsync<TState>(
        TKey key,
        TState state,
        Func<TKey, TState, CancellationToken, ValueTask<TValue>> factory,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return TryGet(key, out var found)
            ? new ValueTask<TValue>(found)
            : new ValueTask<TValue>(JoinOrStartAsync(key, state, factory, cancellationToken));
    }

    private Task<TValue> JoinOrStartAsync<TState>(
        TKey key,
        TState state,
        Func<TKey, TState, CancellationToken, ValueTask<TValue>> factory,
        CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<TValue>(cancellationToken);
        }

        while (true)
        {
            var mine = new Flight<TValue>();
            var flight = _flights.GetOrAdd(key, mine);
            if (ReferenceEquals(flight, mine))
            {
                _ = FlyAsync(mine, key, state, factory); // Never throws; every way it ends is the flight's result.
                return mine.WaitAsync(cancellationToken);
            }

            if (flight.TryJoin())
            {
                return flight.WaitAsync(cancellationToken);
            }

            // Abandoned or just over: it is not to be joined, and not in the way either.
            _flights.TryRemove(new(key, flight));
        }
    }

    private async Task FlyAsync<TState>(
        Flight<TValue> flight,
        TKey key,
        TState state,
        Func<TKey, TState, CancellationToken, ValueTask<TValue>> factory)
    {
        try
        {
            // A flight that ended between this caller's lookup and its start has left its value.
            if (!TryPeek(key, out var value))
            {
                value = await factory(key, state, flight.Abandoned).ConfigureAwait(false);
                StoreFlown(flight, key, value);
            }

            _flights.TryRemove(new(key, flight));
            flight.Succeed(value);
        }
        catch (Exception exception)
        {
            _flights.TryRemove(new(key, flight));
            flight.Fail(exception);
        }
    }

    private void StoreFlown(Flight<TValue> flight, TKey key, TValue value)
    {
        if (flight.IsOutdated)
        {
            return;
        }

        Put(key, value);
        if (flight.IsOutdated)
        {
            RemoveExactly(key, value, RemovalReason.Invalidated);
        }
    }

    // A removal ends the claim of fills that began before it.
    private void Outdate(TKey key)
    {
        if (!_flights.IsEmpty && _flights.TryGetValue(key, out var flight))
        {
            flight.IsOutdated = true;
        }
    }

    private void OutdateAll()
    {
        foreach (var flight in _flights.Values)
        {
            flight.IsOutdated = true;
        }
    }
}
