using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Symbols.Caching;

/// <summary>
/// One of the four caches: bounded by entries and by measured bytes, with a rule for what may enter and an index by module.
/// Made by <see cref="SymbolCache"/>. Safe for many threads; a hit takes no lock.
/// </summary>
/// <remarks>
/// An invalidation is a moment. A run that began before the last one of its module hands its value to those who wait, and
/// the value does not stay; who asks after it never joins a run of before it.
/// </remarks>
/// <typeparam name="TData">What it holds.</typeparam>
public sealed partial class TypedSymbolCache<TData>
    where TData : class
{
    private const int SampledLookups = 16;

    // Slots, buckets, the wrapper and the index of modules.
    private const int WrapperBytes = 32;

    private readonly BoundedCache<SymbolKey, CachedSymbol<TData>> _map;
    private readonly ConcurrentDictionary<SymbolKey, Run> _runs = new();
    private readonly SourceIndex _sources = new();
    private readonly InvalidationClock _clock;
    private readonly Func<SymbolKey, TData, long> _weigh;
    private readonly Func<SymbolKey, TData, long, bool> _admits;
    private readonly CacheWatch _watch;
    private readonly DeadEntries? _dead;
    private long _notCached;
    private long _invalidated;

    // One in sixteen lookups is measured.
    private long _sampledTicks;
    private long _samples;

    internal TypedSymbolCache(
        SymbolCacheKind kind,
        (long Entries, long Bytes, EvictionPolicyKind Policy) size,
        InvalidationClock clock,
        Func<SymbolKey, TData, long> weigh,
        Func<SymbolKey, TData, long, bool> admits,
        CacheWatch watch,
        DeadEntries? dead)
    {
        Kind = kind;
        _clock = clock;
        _weigh = (key, data) => weigh(key, data) + WrapperBytes + Details.SymbolWeight.EntryBytes;
        _admits = admits;
        _watch = watch;
        _dead = dead;
        _map = new BoundedCache<SymbolKey, CachedSymbol<TData>>(new BoundedCacheOptions<SymbolKey, CachedSymbol<TData>>
        {
            MaxEntries = size.Entries,
            CapacityBytes = size.Bytes,
            Policy = size.Policy,
            ShardCount = size.Entries < 4096 ? 1 : null,
            Weigher = (key, entry) => _weigh(key, entry.Data),
            RemovalListener = ForgetSources,
        });
    }

    /// <summary>Which of the four this is.</summary>
    public SymbolCacheKind Kind { get; }

    /// <summary>Entries now.</summary>
    public long Count => _map.Count;

    /// <summary>Memory of the entries, in bytes.</summary>
    public long Bytes => _map.BookedBytes;

    /// <summary>Most entries.</summary>
    public long MaxEntries => _map.MaxEntries;

    /// <summary>Most memory, in bytes.</summary>
    public long CapacityBytes => _map.CapacityBytes;

    /// <summary>Looks an entry up.</summary>
    public bool TryGet(SymbolKey key, [NotNullWhen(true)] out TData? data)
    {
        var began = Sampling.IsDue(SampledLookups) ? Stopwatch.GetTimestamp() : 0;
        var found = _map.TryGet(key, out var entry);
        data = entry?.Data;
        if (began != 0)
        {
            Sample(Stopwatch.GetTimestamp() - began);
        }

        if (!found)
        {
            _watch.Missed(this);
        }

        return found;
    }

    /// <summary>Whether there is an entry. Counts as no lookup and no use.</summary>
    public bool Contains(SymbolKey key) => _map.Contains(key);

    /// <summary>Puts an entry; whether it is kept. The rule may keep it out, and an older entry of its key goes then.</summary>
    public bool Put(SymbolKey key, TData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Store(key, new CachedSymbol<TData>(data, null), _clock.Now);
    }

    /// <summary>Removes an entry; whether there was one. A run for the key that is under way leaves nothing behind.</summary>
    public bool Remove(SymbolKey key)
    {
        if (_runs.TryGetValue(key, out var run))
        {
            run.Flight.IsOutdated = true;
        }

        return _map.Remove(key);
    }

    /// <summary>Looks up every key; the places of the result are those of the keys, null where there is none.</summary>
    public IReadOnlyList<TData?> GetMany(IReadOnlyList<SymbolKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var found = new TData?[keys.Count];
        for (var i = 0; i < found.Length; i++)
        {
            TryGet(keys[i], out found[i]);
        }

        return found;
    }

    /// <summary>Puts many entries; returns how many are kept.</summary>
    public int PutMany(IEnumerable<KeyValuePair<SymbolKey, TData>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return entries.Count(entry => Put(entry.Key, entry.Value));
    }

    /// <summary>
    /// Fills those of the keys that have no entry, at most so many at a time; returns how many were made here. Keys whose
    /// entry the rule keeps out are made and not kept.
    /// </summary>
    /// <exception cref="AggregateException">Some could not be made; the others were.</exception>
    public async Task<int> PrefetchAsync<TState>(
        IEnumerable<SymbolKey> keys,
        TState state,
        Func<SymbolKey, TState, CancellationToken, ValueTask<TData>> make,
        int parallelism,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parallelism);
        var made = 0;
        var failures = new ConcurrentQueue<Exception>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(keys, options, async (key, token) =>
        {
            if (Contains(key))
            {
                return;
            }

            try
            {
                await RunAsync(key, state, make, token).ConfigureAwait(false);
                Interlocked.Increment(ref made);
            }
            catch (Exception exception) when (!token.IsCancellationRequested)
            {
                failures.Enqueue(exception);
            }
        }).ConfigureAwait(false);
        return failures.IsEmpty ? made : throw new AggregateException(failures);
    }

    /// <summary>Changes the number of entries, and keeps those that were used last.</summary>
    public void Resize(long maxEntries)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxEntries);
        _map.Resize(_map.CapacityBytes, maxEntries);
    }

    /// <summary>What this cache did and holds.</summary>
    public SymbolCacheStatistics GetStatistics() => _watch.Read(this);

    internal SymbolCacheStatistics ReadCounters()
    {
        var map = _map.GetStatistics();
        var samples = Volatile.Read(ref _samples);
        var measured = samples == 0 ? 0 : Volatile.Read(ref _sampledTicks) * ((double)map.Lookups / samples);
        return new SymbolCacheStatistics
        {
            Cache = Kind,
            Hits = map.Hits,
            Misses = map.Misses,
            Evictions = map.Evicted,
            Replaced = map.Replaced,
            NotCached = Volatile.Read(ref _notCached),
            Invalidated = Volatile.Read(ref _invalidated),
            Entries = map.Entries,
            MaxEntries = map.MaxEntries,
            Bytes = map.Bytes,
            CapacityBytes = map.CapacityBytes,
            TotalLookupTime = TimeSpan.FromSeconds(measured / Stopwatch.Frequency),
        };
    }

    internal void ResizeBytes(long capacityBytes) => _map.Resize(capacityBytes, _map.MaxEntries);

    internal long Trim(long bytes) => _map.Trim(bytes);

    internal int Clear() => _map.Clear();

    /// <summary>Removes a module's entries and those that were found in it through others. The clock was set before.</summary>
    internal int Invalidate(ModuleId module)
    {
        var gone = _map.InvalidateOwner(module.Owner);
        foreach (var key in _sources.Of(module))
        {
            gone += _map.Remove(key, RemovalReason.Invalidated) ? 1 : 0;
            _sources.Remove(module, key);
        }

        Interlocked.Add(ref _invalidated, gone);
        return gone;
    }

    internal void CheckIntegrity() => _map.CheckIntegrity();

    // What was begun before its module's last invalidation may have entered after it, and goes again.
    private bool Store(SymbolKey key, CachedSymbol<TData> entry, long began)
    {
        var weight = _weigh(key, entry.Data);
        if (!_admits(key, entry.Data, weight))
        {
            Interlocked.Increment(ref _notCached);
            _map.Remove(key);
            return false;
        }

        if (IsOutdated(key, entry, began))
        {
            return false;
        }

        if (entry.Source is { } source)
        {
            _sources.Add(source, key);
        }

        var outcome = _map.Put(key, entry, key.Module.Owner);
        _dead?.Put(weight);
        if (outcome != PutOutcome.Stored)
        {
            return false;
        }

        if (!IsOutdated(key, entry, began))
        {
            NoteSource(key, entry);
            return true;
        }

        _map.RemoveExactly(key, entry, RemovalReason.Invalidated);
        return false;
    }

    // The entry that this one replaced may have taken the key out.
    private void NoteSource(SymbolKey key, CachedSymbol<TData> entry)
    {
        if (entry.Source is not { } source)
        {
            return;
        }

        _sources.Add(source, key);
        if (!_map.Contains(key))
        {
            _sources.Remove(source, key);
        }
    }

    private bool IsOutdated(SymbolKey key, CachedSymbol<TData> entry, long began) =>
        _clock.IsOutdated(key.Module, began) || (entry.Source is { } source && _clock.IsOutdated(source, began));

    private void ForgetSources(ReadOnlySpan<RemovedEntry<SymbolKey, CachedSymbol<TData>>> removed)
    {
        foreach (ref readonly var entry in removed)
        {
            _dead?.Gone(entry.Weight);
            if (entry.Value.Source is { } source)
            {
                _sources.Remove(source, entry.Key);
            }
        }
    }

    private void Sample(long ticks)
    {
        Interlocked.Add(ref _sampledTicks, ticks);
        Interlocked.Increment(ref _samples);
    }
}
