using System.Runtime.InteropServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Memory;

/// <content>Puts.</content>
public sealed partial class ArtifactMemoryTier
{
    // How often entries are evicted so that the arena finds room in one piece for one put.
    private const int MaxArenaRetries = 6;

    // An array that is longer than its payload by more than this part is not taken over but copied.
    private const int MostSlack = 8;

    /// <summary>
    /// Copies an artifact into this tier from another: the caller keeps its lease on <paramref name="source"/>. Bytes
    /// that come from a file are checked against their digest. On ordinary arrays, bytes that the garbage collector
    /// owns are shared instead of copied.
    /// </summary>
    /// <returns>
    /// <see cref="PutOutcome.Stored"/>; <see cref="PutOutcome.AlreadyPresent"/> when the same artifact is there;
    /// <see cref="PutOutcome.NotAdmitted"/>, <see cref="PutOutcome.TooLarge"/>, <see cref="PutOutcome.NoSpace"/> or
    /// <see cref="PutOutcome.Disabled"/>, which remove an older value; <see cref="PutOutcome.DigestMismatch"/> when the
    /// bytes are damaged; <see cref="PutOutcome.Unavailable"/> when the source cannot be read.
    /// </returns>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public PutOutcome Put(ArtifactKey key, ArtifactContent source)
    {
        var none = default(MemoryReservation);
        return Put(ref none, key, source);
    }

    /// <summary>As the other, into what was booked for it. The reservation books nothing afterwards.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public PutOutcome Put(ref MemoryReservation reservation, ArtifactKey key, ArtifactContent source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var counters = CountersOf(key.Kind);
        try
        {
            if (IsPresent(key, source.Metadata))
            {
                _sizing?.Store(key, WeightOf(source.Length) + MemoryContent.MetadataBytes(source.Metadata));
                counters.CountRefusedPut();
                return PutOutcome.AlreadyPresent;
            }

            if (IsHopeless(source.Length, source.Metadata, out var weight))
            {
                return Refuse(key, weight, source.Metadata, counters);
            }

            var (outcome, content) = Arena is null && TryShare(source, counters, out var shared)
                ? (PutOutcome.Stored, shared)
                : CopyIn(source, counters);
            return content is null
                ? RefuseUnread(key, outcome, source.Metadata, counters)
                : Commit(ref reservation, key, content);
        }
        finally
        {
            reservation.Dispose();
        }
    }

    /// <summary>Stores bytes that are at hand; they are copied.</summary>
    /// <param name="key">The key.</param>
    /// <param name="payload">The bytes.</param>
    /// <param name="metadata">
    /// What to keep with the bytes. Its length and digest, where they are set (not negative, not default), are checked
    /// against the bytes.
    /// </param>
    /// <returns>As the overload that takes content.</returns>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public PutOutcome Put(ArtifactKey key, ReadOnlyMemory<byte> payload, ArtifactMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        var counters = CountersOf(key.Kind);
        var digest = Fingerprint.OfContent(payload.Span);
        if (!Agrees(metadata, payload.Length, digest))
        {
            counters.CountRefusedPut();
            return PutOutcome.DigestMismatch;
        }

        metadata = Complete(metadata, payload.Length, digest);
        if (IsPresent(key, metadata))
        {
            _sizing?.Store(key, WeightOf(payload.Length) + MemoryContent.MetadataBytes(metadata));
            counters.CountRefusedPut();
            return PutOutcome.AlreadyPresent;
        }

        if (IsHopeless(payload.Length, metadata, out var weight)
            || !TryMake(payload.Length, out var target))
        {
            return Refuse(key, weight, metadata, counters);
        }

        payload.Span.CopyTo(target.Span);
        var none = default(MemoryReservation);
        return Commit(ref none, key, target.ToContent(this, metadata, counters));
    }

    /// <summary>
    /// Makes a reservation hold an artifact with so many payload bytes, evicting if it must; false, and unchanged, when
    /// that is more than the capacity or more than other reservations leave of it.
    /// </summary>
    /// <param name="reservation">A reservation of this tier, or the default value.</param>
    /// <param name="payloadBytes">Length of the payload in bytes.</param>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public bool TryResize(ref MemoryReservation reservation, long payloadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        return payloadBytes <= MaxPayloadBytes && reservation.TryResize(_cache, WeightOf(payloadBytes));
    }

    /// <summary>
    /// Begins to write an artifact of <paramref name="length"/> payload bytes, -1 when unknown. Capacity is booked
    /// before bytes are taken.
    /// </summary>
    public ArtifactWriter BeginWrite(ArtifactKey key, long length = -1) => new MemoryWriter(this, key, length);

    /// <summary>Whether a budget of zero keeps everything out.</summary>
    internal bool IsDisabled => _cache.CapacityBytes == 0 || _cache.MaxEntries == 0;

    /// <summary>Longest payload that fits one array or one block, whatever the capacity.</summary>
    internal long MaxPayloadBytes => Arena?.MaxBlockBytes ?? Array.MaxLength;

    /// <summary>What an entry with so many payload bytes and small metadata weighs.</summary>
    internal long WeightOf(long payloadBytes) => FootprintOf(payloadBytes) + MemoryContent.OverheadBytes;

    /// <summary>Gets room for a payload, evicting where the arena has none in one piece; false when there is none.</summary>
    internal bool TryMake(long length, out MemoryTarget target)
    {
        target = default;
        if (length > MaxPayloadBytes)
        {
            return false;
        }

        if (Arena is null)
        {
            target = new MemoryTarget(length == 0 ? [] : GC.AllocateUninitializedArray<byte>((int)length));
            return true;
        }

        for (var retry = 0; ; retry++)
        {
            if (Arena.TryAllocate(length, out var block))
            {
                target = new MemoryTarget(Arena, block);
                return true;
            }

            // Each time twice as much, so that neighbours go soon; what is evicted but leased frees nothing.
            if (retry == MaxArenaRetries || _cache.Trim(WeightOf(length) << retry, RemovalReason.ByteLimit) == 0)
            {
                return false;
            }
        }
    }

    /// <summary>Whether the bytes are what the description says they are, as far as it says it.</summary>
    internal static bool Agrees(ArtifactMetadata description, long length, Fingerprint digest) =>
        (description.Length < 0 || description.Length == length)
        && (description.Digest.IsDefault || description.Digest == digest);

    /// <summary>Fills in what a description leaves open.</summary>
    internal ArtifactMetadata Complete(ArtifactMetadata description, long length, Fingerprint digest) => description with
    {
        Length = length,
        Digest = digest,
        CreatedAt = description.CreatedAt == default ? _time.GetUtcNow() : description.CreatedAt,
    };

    /// <summary>Hands content over to the cache, whatever comes of it.</summary>
    internal PutOutcome Commit(ref MemoryReservation reservation, ArtifactKey key, MemoryContent content)
    {
        // Read before the cache has the content: it may be gone when the put returns.
        var (counters, length, weight) = (content.Counters, content.Length, content.Weight);
        _sizing?.Store(key, weight);
        var outcome = reservation.Put(_cache, key, content, content.Metadata.Owner);
        counters.CountPut(outcome, length, weight);
        return outcome;
    }

    /// <summary>Refuses a put that nothing was made for: the older value goes, and the refusal is reported.</summary>
    internal PutOutcome Refuse(ArtifactKey key, long weight, ArtifactMetadata metadata, MemoryKindCounters counters)
    {
        var stand = new ArrayBackedContent(default, Math.Max(0, weight - MemoryContent.OverheadBytes), metadata with { Length = 0 }, counters);
        if (stand.Weight > _cache.CapacityBytes || IsDisabled)
        {
            var none = default(MemoryReservation);
            return Commit(ref none, key, stand);
        }

        _sizing?.Store(key, weight);
        _cache.Remove(key, RemovalReason.RejectedPut);
        counters.CountRefusedPut();
        return PutOutcome.NoSpace;
    }

    /// <summary>Where a kind is counted.</summary>
    internal MemoryKindCounters CountersFor(ArtifactKey key) => CountersOf(key.Kind);

    private long FootprintOf(long payloadBytes) => Arena is null ? payloadBytes : Arena.FootprintOf(payloadBytes) + ArenaContent.BookkeepingBytes;

    // Too large for the whole tier, or the tier is off: nothing is copied.
    private bool IsHopeless(long length, ArtifactMetadata metadata, out long weight)
    {
        weight = WeightOf(length) + MemoryContent.MetadataBytes(metadata);
        return weight > _cache.CapacityBytes || length > MaxPayloadBytes || IsDisabled;
    }

    // Two readers that promote the same artifact, or a fill that made what is there already.
    private bool IsPresent(ArtifactKey key, ArtifactMetadata metadata)
    {
        if (metadata.Digest.IsDefault || !_cache.TryPeek(key, out var present))
        {
            return false;
        }

        var held = present.Metadata;
        return held.Digest == metadata.Digest
            && held.Length == metadata.Length
            && string.Equals(held.Owner, metadata.Owner, StringComparison.Ordinal)
            && held.Recipe.Span.SequenceEqual(metadata.Recipe.Span)
            && held.Attributes.Count == metadata.Attributes.Count
            && held.Attributes.SequenceEqual(metadata.Attributes);
    }

    private static bool TryShare(ArtifactContent source, MemoryKindCounters counters, out MemoryContent? content)
    {
        content = null;
        if (source.IsCounted
            || source.File is not null
            || !source.TryGetMemory(out var memory)
            || !MemoryMarshal.TryGetArray(memory, out var segment)
            || segment.Array!.Length - memory.Length > memory.Length / MostSlack) // Set when the call succeeds.
        {
            return false;
        }

        content = new ArrayBackedContent(memory, segment.Array.Length, source.Metadata, counters);
        return true;
    }

    private (PutOutcome Outcome, MemoryContent? Content) CopyIn(ArtifactContent source, MemoryKindCounters counters)
    {
        if (!TryMake(source.Length, out var target))
        {
            return (PutOutcome.NoSpace, null);
        }

        var kept = false;
        try
        {
            if (!TryRead(source, target.Span))
            {
                return (PutOutcome.Unavailable, null);
            }

            // Bytes in this process's memory were checked when they came; those of a file may have changed since.
            var isTrusted = source.File is null && source.TryGetMemory(out _);
            if (!isTrusted && !source.Metadata.Digest.IsDefault
                && Fingerprint.OfContent(target.Span) != source.Metadata.Digest)
            {
                return (PutOutcome.DigestMismatch, null);
            }

            kept = true;
            return (PutOutcome.Stored, target.ToContent(this, source.Metadata, counters));
        }
        finally
        {
            if (!kept)
            {
                target.Free();
            }
        }
    }

    private bool TryRead(ArtifactContent source, Span<byte> target)
    {
        try
        {
            if (source.TryGetMemory(out var memory))
            {
                memory.Span.CopyTo(target);
                return memory.Length == target.Length;
            }

            var read = 0;
            while (read < target.Length)
            {
                var count = source.Read(read, target[read..]);
                if (count == 0)
                {
                    return false;
                }

                read += count;
            }

            return true;
        }
        catch (Exception exception) when (exception is CacheException or IOException)
        {
            // The lower tier has counted its own failure; this copy is simply not made.
            LogUnread(_logger, exception);
            return false;
        }
    }

    private PutOutcome RefuseUnread(ArtifactKey key, PutOutcome outcome, ArtifactMetadata metadata, MemoryKindCounters counters)
    {
        if (outcome == PutOutcome.NoSpace)
        {
            return Refuse(key, WeightOf(metadata.Length), metadata, counters);
        }

        if (outcome == PutOutcome.DigestMismatch)
        {
            Interlocked.Increment(ref _errors);
            LogDamagedSource(_logger, key);
        }

        counters.CountRefusedPut();
        return outcome;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Artifact {Key} was not promoted: its bytes do not have the digest they were stored with.")]
    private static partial void LogDamagedSource(ILogger logger, ArtifactKey key);

    [LoggerMessage(Level = LogLevel.Debug, Message = "An artifact was not promoted: it could not be read.")]
    private static partial void LogUnread(ILogger logger, Exception exception);
}
