using System.Buffers;
using System.Collections.Concurrent;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Cache.Hosting;

/// <summary>
/// A <see cref="TieredCache"/> as <see cref="IDistributedCache"/>: string keys, values that can be overwritten,
/// absolute and sliding expiration.
/// </summary>
/// <remarks>
/// <para>
/// Entries live in the memory and disk tiers of this node, in the kind <see cref="LarderOptions.DistributedKind"/>, and
/// survive restarts when there is a disk tier. They do not go to remote tiers, where they could not be overwritten.
/// </para>
/// <para>
/// The time of the latest use is exact while the process runs. It is written down when an eighth of the sliding time
/// has passed since it was last, so after a restart an entry may end by that much early, and never late.
/// </para>
/// <para>
/// A tier that fails makes entries absent; no member throws for it. Values move between tiers and the caller's buffers
/// without copies in between. All members are safe for use by many threads.
/// </para>
/// </remarks>
public sealed partial class LarderDistributedCache : IBufferDistributedCache, IDisposable
{
    // Most sliding entries whose latest use is known only here; beyond, each use is written down at once.
    private const int MaxUnwrittenUses = 64 * 1024;

    private const int SliceBytes = 64 * 1024;

    private static readonly ArtifactKind Kind = ArtifactKind.Parse(LarderOptions.DistributedKind);

    private readonly EntryStore _store;

    // Ticks, UTC, of the latest use of sliding entries that was not written down.
    private readonly ConcurrentDictionary<Fingerprint, long> _uses = new();
    private readonly TimeProvider _time;

    /// <summary>Wraps a cache, which must outlive the adapter.</summary>
    /// <param name="cache">The cache; the adapter's kind must not go to its remote tier.</param>
    /// <param name="timeProvider">The clock of expiration; null for the system's.</param>
    /// <param name="logger">Where failures of tiers are logged; null for nowhere.</param>
    /// <exception cref="CacheException">The kind goes to the remote tier.</exception>
    public LarderDistributedCache(
        TieredCache cache, TimeProvider? timeProvider = null, ILogger<LarderDistributedCache>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        RequireLocal(cache, Kind);
        _time = timeProvider ?? TimeProvider.System;
        _store = new EntryStore(cache, Kind, _time, logger ?? NullLogger<LarderDistributedCache>.Instance);
    }

    /// <inheritdoc/>
    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        using var found = await FindAsync(key, token).ConfigureAwait(false);
        if (!found.IsHit || found.ValueLength > Array.MaxLength)
        {
            return null;
        }

        var value = GC.AllocateUninitializedArray<byte>((int)found.ValueLength);
        return found.TryCopyTo(value) ? value : null;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using var found = await FindAsync(key, token).ConfigureAwait(false);
        return found.IsHit && found.TryCopyTo(destination);
    }

    /// <inheritdoc/>
    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        return SetAsync(key, new ReadOnlySequence<byte>(value), options, token).AsTask();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The absolute expiration has passed already.</exception>
    public async ValueTask SetAsync(
        string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(options);
        var envelope = EnvelopeOf(options);
        var id = _store.KeyOf(key);
        using var turn = await _store.EnterAsync(id, token).ConfigureAwait(false);
        _uses.TryRemove(id.Fingerprint, out _);
        await _store.WriteAsync(id, envelope, value, token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        using var found = await FindAsync(key, token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        var id = _store.KeyOf(key);
        using var turn = await _store.EnterAsync(id, token).ConfigureAwait(false);
        _uses.TryRemove(id.Fingerprint, out _);
        await _store.RemoveAsync(id, token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    /// <summary>Throws when entries of a kind would go where they cannot be overwritten.</summary>
    internal static void RequireLocal(TieredCache cache, ArtifactKind kind)
    {
        if (cache.Remote is not null && cache.OptionsFor(kind).Remote)
        {
            throw new CacheException(
                CacheErrorKind.Configuration,
                $"Entries of kind '{kind}' can be overwritten and must not go to the remote tier; set Remote = false for it.");
        }
    }

    private EntryEnvelope EnvelopeOf(DistributedCacheEntryOptions options)
    {
        var now = _time.GetUtcNow();
        if (options.AbsoluteExpiration <= now)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), options.AbsoluteExpiration, "The absolute expiration must be in the future.");
        }

        var ends = options.AbsoluteExpiration?.UtcTicks ?? long.MaxValue;
        if (options.AbsoluteExpirationRelativeToNow is { } relative)
        {
            // Relative to now wins over a fixed time, as in the memory implementation of the interface.
            ends = relative.Ticks > DateTimeOffset.MaxValue.UtcTicks - now.UtcTicks ? long.MaxValue : now.UtcTicks + relative.Ticks;
        }

        return new EntryEnvelope(ends, options.SlidingExpiration?.Ticks ?? 0, now.UtcTicks, []);
    }

    private async ValueTask<Found> FindAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        var id = _store.KeyOf(key);
        var lease = await _store.FindAsync(id, cancellationToken).ConfigureAwait(false);
        if (!lease.IsHit)
        {
            return default;
        }

        var now = _store.Now;
        if (_store.ReadEnvelope(id, lease, out var length) is not { } envelope || envelope.HasEnded(now, UseOf(id)))
        {
            var digest = lease.Metadata.Digest;
            lease.Dispose();
            await _store.RemoveUselessAsync(id, digest, cancellationToken).ConfigureAwait(false);
            _uses.TryRemove(id.Fingerprint, out _);
            return default;
        }

        if (envelope.SlidingTicks > 0)
        {
            await TouchAsync(id, lease, envelope, length, now, cancellationToken).ConfigureAwait(false);
        }

        return new Found(lease, length);
    }

    private long UseOf(ArtifactKey id) => _uses.TryGetValue(id.Fingerprint, out var usedAt) ? usedAt : 0;

    private async ValueTask TouchAsync(
        ArtifactKey id, ArtifactLease lease, EntryEnvelope envelope, int length, long now, CancellationToken cancellationToken)
    {
        if (now - envelope.TouchedAt < envelope.SlidingTicks / 8 && (_uses.Count < MaxUnwrittenUses || _uses.ContainsKey(id.Fingerprint)))
        {
            _uses.AddOrUpdate(id.Fingerprint, now, (_, before) => Math.Max(before, now));
            return;
        }

        using var turn = await _store.EnterAsync(id, cancellationToken).ConfigureAwait(false);
        using var current = await _store.FindAsync(id, cancellationToken).ConfigureAwait(false);
        if (!current.IsHit || current.Metadata.Digest != lease.Metadata.Digest)
        {
            // Overwritten or removed since: what is there now has its own times.
            return;
        }

        var value = GC.AllocateUninitializedArray<byte>((int)(lease.Content.Length - length));
        if (new Found(lease, length).TryCopyTo(value))
        {
            await _store.WriteAsync(
                id, envelope with { TouchedAt = now }, new ReadOnlySequence<byte>(value), CancellationToken.None).ConfigureAwait(false);
            _uses.TryRemove(id.Fingerprint, out _);
        }
    }

    /// <summary>A value that was found, behind its envelope.</summary>
    private struct Found(ArtifactLease lease, int start) : IDisposable
    {
        private ArtifactLease _lease = lease;

        public readonly bool IsHit => _lease.IsHit;

        public readonly long ValueLength => _lease.Content.Length - start;

        public readonly bool TryCopyTo(Span<byte> destination)
        {
            try
            {
                for (var at = 0; at < destination.Length;)
                {
                    var read = _lease.Content.Read(start + at, destination[at..]);
                    if (read == 0)
                    {
                        return false;
                    }

                    at += read;
                }

                return true;
            }
            catch (CacheException)
            {
                // Damaged or unreadable: the tier has counted it and set it aside.
                return false;
            }
        }

        /// <summary>Copies in slices. After a false answer the destination may hold a part of a value that is damaged.</summary>
        public readonly bool TryCopyTo(IBufferWriter<byte> destination)
        {
            if (_lease.Content.TryGetMemory(out var memory))
            {
                destination.Write(memory.Span[start..]);
                return true;
            }

            try
            {
                for (long at = start; at < _lease.Content.Length;)
                {
                    var wanted = (int)Math.Min(SliceBytes, _lease.Content.Length - at);
                    var read = _lease.Content.Read(at, destination.GetSpan(wanted)[..wanted]);
                    if (read == 0)
                    {
                        return false;
                    }

                    destination.Advance(read);
                    at += read;
                }

                return true;
            }
            catch (CacheException)
            {
                return false;
            }
        }

        public void Dispose() => _lease.Dispose();
    }
}
