using System.Collections.Concurrent;
using Larder.Cache;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Compilation;

/// <content>The warm set, and statistics.</content>
internal sealed partial class HandlerCompiler
{
    private Task _firstWarming = Task.CompletedTask;
    private volatile bool _isWarm = true;

    // What memory holds of handlers that the tiers below know; the cache itself cannot be listed.
    private readonly ConcurrentDictionary<Fingerprint, CompiledHandler> _resident = [];

    /// <summary>Compiles handlers that no cache has yet. What cannot be compiled is passed over.</summary>
    /// <returns>How many are in a cache now.</returns>
    public async Task<int> WarmAsync(IEnumerable<string> sources, CancellationToken cancellationToken = default)
    {
        var ready = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Parallelism, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(sources, parallel, async (source, token) =>
        {
            if ((await CompileAsync(source, token).ConfigureAwait(false)).Succeeded)
            {
                Interlocked.Increment(ref ready);
            }
        }).ConfigureAwait(false);
        return ready;
    }

    /// <summary>
    /// Brings the handlers into memory that this node used most before, from the tiers and within
    /// <see cref="HandlerCompilerOptions.WarmBytes"/>; compiles nothing and counts no lookups.
    /// </summary>
    /// <returns>How many came.</returns>
    public async Task<int> WarmFromLastTimeAsync(CancellationToken cancellationToken = default)
    {
        var ready = 0;
        var bytes = 0L;
        foreach (var digest in await ReadWarmSetAsync(cancellationToken).ConfigureAwait(false))
        {
            if (bytes >= Math.Min(_options.WarmBytes, _options.CapacityBytes))
            {
                break;
            }

            if (!_memory.Contains(digest) && await FindAsync(digest, cancellationToken).ConfigureAwait(false) is { } handler)
            {
                bytes += handler.WeightBytes;
                _memory.Put(digest, Remember(handler));
                ready++;
            }
        }

        return ready;
    }

    /// <summary>Does <see cref="WarmFromLastTimeAsync"/> in the background; once.</summary>
    public void WarmInBackground()
    {
        if (_options.WarmBytes > 0)
        {
            _isWarm = false;
            _firstWarming = Task.Run(async () =>
            {
                await WarmFromLastTimeAsync(_ending.Token).ConfigureAwait(false);
                _isWarm = true;
            });
        }
    }

    /// <summary>Writes down which handlers were used most.</summary>
    public async Task SaveWarmSetAsync(CancellationToken cancellationToken)
    {
        if (!_isWarm)
        {
            // What was used before is not all in memory yet, and must not be forgotten.
            return;
        }

        var used = _resident.Values.OrderByDescending(handler => handler.Uses).ThenBy(handler => handler.SourceDigest);
        var sources = new List<Fingerprint>();
        var bytes = 0L;
        foreach (var handler in used.Take(WarmSet.MaxHandlers))
        {
            bytes += handler.WeightBytes;
            if (bytes > _options.WarmBytes)
            {
                break;
            }

            sources.Add(handler.SourceDigest);
        }

        if (sources.Count == 0)
        {
            return;
        }

        try
        {
            await _cache.PutAsync(_warmSetKey, WarmSet.Encode(sources), cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException)
        {
            // The next start is a little colder; the tier reports its own trouble.
        }
    }

    /// <summary>What the compiler did so far.</summary>
    public HandlerCompilerStatistics Statistics()
    {
        var memory = _memory.GetStatistics();
        return _counters.Snapshot() with
        {
            Entries = memory.Entries,
            SizeBytes = memory.Bytes,
            CapacityBytes = memory.CapacityBytes,
            Evictions = memory.Evicted,
        };
    }

    private async Task SaveWarmSetsAsync()
    {
        using var timer = new PeriodicTimer(_options.WarmInterval, _options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token).ConfigureAwait(false))
            {
                await SaveWarmSetAsync(_ending.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The compiler ends, and writes the list a last time.
        }
    }

    private async ValueTask<IReadOnlyList<Fingerprint>> ReadWarmSetAsync(CancellationToken cancellationToken)
    {
        if (_options.WarmBytes == 0)
        {
            return [];
        }

        try
        {
            using var lease = await _cache.GetAsync(_warmSetKey, cancellationToken).ConfigureAwait(false);
            return lease.IsHit ? WarmSet.Decode(ArtifactBytes.Copy(lease.Content)) : [];
        }
        catch (CacheException)
        {
            return [];
        }
    }

    private async ValueTask<CompiledHandler?> FindAsync(Fingerprint digest, CancellationToken cancellationToken)
    {
        try
        {
            var key = _build.RecipeOf(Kind, digest).Key;
            using var lease = await _cache.GetAsync(key, cancellationToken).ConfigureAwait(false);
            if (!lease.IsHit)
            {
                return null;
            }

            var fault = HandlerArtifact.Read(
                ArtifactBytes.Copy(lease.Content), _build, digest, out var handler, HandlerOrigin.Memory);
            if (handler is null)
            {
                _counters.Fault(fault);
                await _cache.RemoveEverywhereAsync(key, cancellationToken).ConfigureAwait(false);
            }

            return handler;
        }
        catch (CacheException)
        {
            return null;
        }
    }

    // Before the handler goes into memory, so that its leaving is heard of.
    private CompiledHandler Remember(CompiledHandler handler)
    {
        _resident[handler.SourceDigest] = handler;
        return handler;
    }

    private void Forget(ReadOnlySpan<RemovedEntry<Fingerprint, CompiledHandler>> removed)
    {
        foreach (var entry in removed)
        {
            _resident.TryRemove(new(entry.Value.SourceDigest, entry.Value));
        }
    }
}
