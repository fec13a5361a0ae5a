using System.Buffers;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Cache.Hosting;

/// <summary>
/// A <see cref="TieredCache"/> as <see cref="HybridCache"/>: typed values by string key, made once however many callers
/// wait, ended by time or by tag.
/// </summary>
/// <remarks>
/// <para>
/// Values are kept serialized in the memory and disk tiers of this node, in the kind
/// <see cref="LarderOptions.HybridKind"/>, and each caller gets an object of its own, so mutable types are safe. They
/// do not go to remote tiers, where they could not be overwritten. Removing by tag frees the bytes at once; entries of
/// an earlier run are found by reading them once.
/// </para>
/// <para>
/// The tiers of a node agree with each other, so there is one expiration:
/// <see cref="HybridCacheEntryOptions.LocalCacheExpiration"/> counts only when it is shorter or alone. The flags switch
/// reading or writing off when they do so for both the local and the distributed cache; switched off for one of the
/// two they have no effect, because which tiers hold the entries is configuration.
/// </para>
/// <para>
/// A tier that fails makes entries absent: the value is made again. All members are safe for use by many threads.
/// </para>
/// </remarks>
public sealed partial class LarderHybridCache : HybridCache, IDisposable
{
    private const HybridCacheEntryFlags NoRead =
        HybridCacheEntryFlags.DisableLocalCacheRead | HybridCacheEntryFlags.DisableDistributedCacheRead;

    private const HybridCacheEntryFlags NoWrite =
        HybridCacheEntryFlags.DisableLocalCacheWrite | HybridCacheEntryFlags.DisableDistributedCacheWrite;

    // Reads of an entry that ends under the reader's hands before the value is made without the cache.
    private const int MaxRounds = 4;

    private static readonly ArtifactKind Kind = ArtifactKind.Parse(LarderOptions.HybridKind);

    private readonly TieredCache _cache;
    private readonly LarderOptions _options;
    private readonly HybridSerializers _serializers;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly EntryStore _store;
    private readonly SemaphoreSlim _indexing = new(1);
    private bool _isIndexed;

    /// <summary>Wraps a cache, which must outlive the adapter.</summary>
    /// <param name="cache">The cache; the adapter's kind must not go to its remote tier.</param>
    /// <param name="options">Default expiration and limits.</param>
    /// <param name="services">Where serializers are found; null for the built-in ones.</param>
    /// <param name="timeProvider">The clock of expiration; null for the system's.</param>
    /// <param name="logger">Where failures of tiers are logged; null for nowhere.</param>
    /// <exception cref="CacheException">The kind goes to the remote tier.</exception>
    public LarderHybridCache(
        TieredCache cache,
        LarderOptions options,
        IServiceProvider? services = null,
        TimeProvider? timeProvider = null,
        ILogger<LarderHybridCache>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(options);
        LarderDistributedCache.RequireLocal(cache, Kind);
        _cache = cache;
        _options = options;
        _serializers = new HybridSerializers(services);
        _time = timeProvider ?? TimeProvider.System;
        _log = logger ?? NullLogger<LarderHybridCache>.Instance;
        _store = new EntryStore(cache, Kind, _time, _log);
    }

    /// <summary>Which keys carry which tags.</summary>
    internal HybridTags Tags { get; } = new();

    /// <summary>Largest value that is kept, in bytes.</summary>
    internal long MaxPayloadBytes => _options.HybridMaxPayloadBytes;

    /// <inheritdoc/>
    public override async ValueTask<T> GetOrCreateAsync<TState, T>(
        string key,
        TState state,
        Func<TState, CancellationToken, ValueTask<T>> factory,
        HybridCacheEntryOptions? options = null,
        IEnumerable<string>? tags = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(factory);
        var flags = options?.Flags ?? HybridCacheEntryFlags.None;
        var reads = (flags & NoRead) != NoRead;
        var writes = (flags & NoWrite) != NoWrite && key.Length <= _options.HybridMaxKeyLength;
        var makes = (flags & HybridCacheEntryFlags.DisableUnderlyingData) == 0;
        if (key.Length > _options.HybridMaxKeyLength)
        {
            return makes ? await factory(state, cancellationToken).ConfigureAwait(false) : default!;
        }

        if (reads && writes && makes)
        {
            return await GetOrFillAsync(key, state, factory, options, tags, cancellationToken).ConfigureAwait(false);
        }

        if (reads)
        {
            var (found, value) = await TryReadAsync<T>(_store.KeyOf(key), cancellationToken).ConfigureAwait(false);
            if (found || !makes)
            {
                return value!; // Null is what the caller asked for: nothing is there and nothing is to be made.
            }
        }

        if (!makes)
        {
            return default!;
        }

        var made = await factory(state, cancellationToken).ConfigureAwait(false);
        if (writes)
        {
            await SetAsync(key, made, options, tags, cancellationToken).ConfigureAwait(false);
        }

        return made;
    }

    /// <inheritdoc/>
    public override async ValueTask SetAsync<T>(
        string key,
        T value,
        HybridCacheEntryOptions? options = null,
        IEnumerable<string>? tags = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length > _options.HybridMaxKeyLength || ((options?.Flags ?? 0) & NoWrite) == NoWrite)
        {
            return;
        }

        var id = _store.KeyOf(key);
        var names = CheckTags(tags);
        var payload = Serialize(value);
        using (await _store.EnterAsync(id, cancellationToken).ConfigureAwait(false))
        {
            // A fill in flight began with older data; removing first keeps its result out of the cache.
            await _store.RemoveAsync(id, cancellationToken).ConfigureAwait(false);
            if (payload.WrittenCount > MaxPayloadBytes)
            {
                return;
            }

            Tags.Register(id, names);
            var envelope = EnvelopeOf(ExpirationOf(options), names);
            await _store.WriteAsync(
                id, envelope, new ReadOnlySequence<byte>(payload.WrittenMemory), cancellationToken).ConfigureAwait(false);
        }

        await SweepIfDueAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask RemoveAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length <= _options.HybridMaxKeyLength)
        {
            var id = _store.KeyOf(key);
            using var turn = await _store.EnterAsync(id, cancellationToken).ConfigureAwait(false);
            await _store.RemoveAsync(id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _store.Dispose();
        _indexing.Dispose();
    }

    /// <summary>What is kept with every entry.</summary>
    internal ArtifactMetadata Description() => _store.Description();

    /// <summary>Serializes a value.</summary>
    internal ArrayBufferWriter<byte> Serialize<T>(T value)
    {
        var payload = new ArrayBufferWriter<byte>();
        _serializers.Get<T>().Serialize(value, payload);
        return payload;
    }

    /// <summary>The envelope of an entry made now.</summary>
    internal EntryEnvelope EnvelopeOf(TimeSpan expiration, string[] tags)
    {
        var now = _store.Now;
        var ends = expiration.Ticks > DateTimeOffset.MaxValue.UtcTicks - now ? long.MaxValue : now + expiration.Ticks;
        return new EntryEnvelope(ends, 0, now, [.. tags]);
    }

    private static string[] CheckTags(IEnumerable<string>? tags)
    {
        string[] names = tags is null ? [] : [.. tags.Distinct(StringComparer.Ordinal)];
        if (names.Length > EntryEnvelope.MaxTags)
        {
            throw new ArgumentException($"An entry has at most {EntryEnvelope.MaxTags} tags, not {names.Length}.", nameof(tags));
        }

        foreach (var name in names)
        {
            if (string.IsNullOrWhiteSpace(name) || name == AllTag)
            {
                throw new ArgumentException("A tag is not empty, and '*' stands for all entries.", nameof(tags));
            }

            if (System.Text.Encoding.UTF8.GetByteCount(name) > EntryEnvelope.MaxTagBytes)
            {
                throw new ArgumentException($"A tag takes at most {EntryEnvelope.MaxTagBytes} bytes.", nameof(tags));
            }
        }

        return names;
    }

    private TimeSpan ExpirationOf(HybridCacheEntryOptions? options) => (options?.Expiration, options?.LocalCacheExpiration) switch
    {
        ({ } whole, { } local) => local < whole ? local : whole,
        ({ } whole, null) => whole,
        (null, { } local) => local,
        _ => _options.HybridExpiration,
    };

    private async ValueTask<T> GetOrFillAsync<TState, T>(
        string key,
        TState state,
        Func<TState, CancellationToken, ValueTask<T>> factory,
        HybridCacheEntryOptions? options,
        IEnumerable<string>? tags,
        CancellationToken cancellationToken)
    {
        var id = _store.KeyOf(key);
        var fill = new HybridFill<TState, T>(this, id, state, factory, CheckTags(tags), ExpirationOf(options));
        for (var round = 0; round < MaxRounds; round++)
        {
            Fingerprint useless = default;
            try
            {
                using var lease = await _cache.GetOrFillAsync(
                    id, fill, static (fill, target, token) => fill.RunAsync(target, token), cancellationToken).ConfigureAwait(false);
                if (!fill.HasValue)
                {
                    var (found, value) = TryRead<T>(id, lease);
                    if (found)
                    {
                        return value!; // Found: null only when T allows it.
                    }

                    useless = lease.Metadata.Digest;
                }
            }
            catch (HybridFillEnd end)
            {
                end.ThrowIfFailed();
                if (!fill.HasValue)
                {
                    // Another caller's fill made it, and it was too large to be kept.
                    return _serializers.Get<T>().Deserialize(new ReadOnlySequence<byte>(end.Payload));
                }
            }
            catch (CacheException exception)
            {
                // A tier failed. If the value was made already, only keeping it failed.
                HostingLog.EntryNotWritten(_log, id, exception.Message);
                if (!fill.HasValue)
                {
                    break;
                }
            }

            if (fill.HasValue)
            {
                await SweepIfDueAsync().ConfigureAwait(false);
                return fill.Value;
            }

            await _store.RemoveUselessAsync(id, useless, cancellationToken).ConfigureAwait(false);
        }

        return await factory(state, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<(bool Found, T? Value)> TryReadAsync<T>(ArtifactKey id, CancellationToken cancellationToken)
    {
        using var lease = await _store.FindAsync(id, cancellationToken).ConfigureAwait(false);
        return lease.IsHit ? TryRead<T>(id, lease) : default;
    }

    private (bool Found, T? Value) TryRead<T>(ArtifactKey id, ArtifactLease lease)
    {
        if (_store.ReadEnvelope(id, lease, out var start) is not { } envelope || envelope.HasEnded(_store.Now, 0))
        {
            return default;
        }

        try
        {
            if (!lease.Content.TryGetMemory(out var memory))
            {
                var whole = new byte[lease.Content.Length];
                for (var at = 0; at < whole.Length;)
                {
                    var read = lease.Content.Read(at, whole.AsSpan(at));
                    at += read > 0 ? read : throw new CacheException(CacheErrorKind.Damaged, "the entry ends early");
                }

                memory = whole;
            }

            return (true, _serializers.Get<T>().Deserialize(new ReadOnlySequence<byte>(memory[start..])));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Damaged, or written for another type or by another version of it: made again.
            HostingLog.EntryUnreadable(_log, id, exception.Message);
            return default;
        }
    }
}
