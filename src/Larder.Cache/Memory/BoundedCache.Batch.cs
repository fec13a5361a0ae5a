using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <content>Many keys in one call.</content>
public sealed partial class BoundedCache<TKey, TValue>
{
    /// <summary>Looks up every key, as <see cref="TryGet"/> does; returns how many have a value.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="values">Receives the value of each key that has one, and the default for the others.</param>
    /// <param name="found">Receives which keys have one; may be empty.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public int GetMany(ReadOnlySpan<TKey> keys, Span<TValue?> values, Span<bool> found = default)
    {
        RequireLength(keys.Length, values.Length, nameof(values));
        if (!found.IsEmpty)
        {
            RequireLength(keys.Length, found.Length, nameof(found));
        }

        var hits = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            var hit = TryGet(keys[i], out values[i]);
            hits += hit ? 1 : 0;
            if (!found.IsEmpty)
            {
                found[i] = hit;
            }
        }

        return hits;
    }

    /// <summary>Puts every value, as <see cref="Put(TKey,TValue,string?)"/> does; returns how many were stored.</summary>
    /// <exception cref="CacheException">A shard is poisoned; the values before the one concerned are stored.</exception>
    public int PutMany(ReadOnlySpan<KeyValuePair<TKey, TValue>> entries, string? owner = null)
    {
        var stored = 0;
        foreach (ref readonly var entry in entries)
        {
            stored += Put(entry.Key, entry.Value, owner) == PutOutcome.Stored ? 1 : 0;
        }

        return stored;
    }

    /// <summary>
    /// Fills those of the keys that have no value, at most <paramref name="parallelism"/> at a time; returns how many
    /// factories ran to an end here. Lookups that find a value are not counted.
    /// </summary>
    /// <exception cref="AggregateException">Factories failed; the other keys were filled all the same.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; no more factories are started.</exception>
    public async Task<int> PrefetchAsync<TState>(
        IEnumerable<TKey> keys,
        TState state,
        Func<TKey, TState, CancellationToken, ValueTask<TValue>> factory,
        int parallelism,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parallelism);
        var filled = 0;
        var failures = new List<Exception>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(keys, options, async (key, token) =>
        {
            if (Contains(key))
            {
                return;
            }

            try
            {
                await JoinOrStartAsync(key, state, factory, token).ConfigureAwait(false);
                Interlocked.Increment(ref filled);
            }
            catch (Exception exception) when (!token.IsCancellationRequested)
            {
                lock (failures)
                {
                    failures.Add(exception);
                }
            }
        }).ConfigureAwait(false);
        return failures.Count == 0 ? filled : throw new AggregateException(failures);
    }

    private static void RequireLength(int needed, int length, string name)
    {
        if (length < needed)
        {
            throw new ArgumentException($"Room for {needed} is needed; there is room for {length}.", name);
        }
    }
}
