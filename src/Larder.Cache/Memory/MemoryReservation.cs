using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <summary>
/// Capacity of the memory tier that is booked for one artifact before its bytes come. The default value books nothing
/// yet; <see cref="ArtifactMemoryTier.TryResize"/> makes it grow. Dispose gives back what no put has used.
/// </summary>
/// <remarks>A structure: use one copy, from one thread at a time.</remarks>
public struct MemoryReservation : IDisposable
{
    private Reservation _booking;
    private bool _isMade;

    /// <summary>What is booked, in bytes of weight: more than the payload.</summary>
    public readonly long Bytes => _booking.Bytes;

    /// <inheritdoc/>
    public void Dispose() => _booking.Dispose();

    internal bool TryResize(BoundedCache<ArtifactKey, MemoryContent> cache, long weight)
    {
        if (_isMade)
        {
            return _booking.TryResize(weight);
        }

        _isMade = cache.TryReserve(weight, out _booking);
        return _isMade;
    }

    internal PutOutcome Put(
        BoundedCache<ArtifactKey, MemoryContent> cache, ArtifactKey key, MemoryContent content, string? owner)
    {
        _isMade = false;
        return cache.Put(ref _booking, key, content, owner);
    }
}
