using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Cache.Tiering;

/// <summary>Remembers for a short time why a fill failed that would fail the same way again. Bounded; thread safe.</summary>
internal sealed class FailureMemory(int maxEntries, TimeProvider time)
{
    private readonly BoundedCache<ArtifactKey, Failure>? _failures = maxEntries == 0
        ? null
        : new BoundedCache<ArtifactKey, Failure>(new BoundedCacheOptions<ArtifactKey, Failure>
        {
            MaxEntries = maxEntries,
            Policy = EvictionPolicyKind.Lru,
        });

    /// <summary>Keeps a failure for <paramref name="ttl"/>.</summary>
    public void Remember(ArtifactKey key, string message, TimeSpan ttl)
    {
        if (ttl > TimeSpan.Zero)
        {
            _failures?.Put(key, new Failure(message, time.GetTimestamp(), ttl));
        }
    }

    /// <summary>Finds a failure that is still remembered.</summary>
    public bool TryGet(ArtifactKey key, [NotNullWhen(true)] out string? message)
    {
        message = null;
        if (_failures is null || !_failures.TryGet(key, out var failure))
        {
            return false;
        }

        if (time.GetElapsedTime(failure.At) >= failure.Ttl)
        {
            _failures.Remove(key, RemovalReason.Expired);
            return false;
        }

        message = failure.Message;
        return true;
    }

    /// <summary>Forgets the failure of one key.</summary>
    public void Forget(ArtifactKey key) => _failures?.Remove(key);

    /// <summary>Forgets everything.</summary>
    public void Clear() => _failures?.Clear();

    private sealed record Failure(string Message, long At, TimeSpan Ttl);
}
