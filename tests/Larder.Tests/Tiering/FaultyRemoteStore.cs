using System.Collections.Concurrent;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Remote;

namespace Larder.Tests.Tiering;

/// <summary>A remote store in memory that fails when told to.</summary>
internal sealed class FaultyRemoteStore : IRemoteStore
{
    private readonly ConcurrentDictionary<ArtifactKey, (ArtifactMetadata Metadata, byte[] Payload)> _artifacts = [];
    private int _failures;
    private int _gets;

    public string Name => "memory";

    /// <summary>Calls of <see cref="GetAsync"/>.</summary>
    public int Gets => _gets;

    /// <summary>Artifacts held.</summary>
    public int Count => _artifacts.Count;

    /// <summary>Makes the next calls fail.</summary>
    public void FailNext(int calls) => Volatile.Write(ref _failures, calls);

    /// <summary>Changes a byte of what is stored.</summary>
    public void Damage(ArtifactKey key) => _artifacts[key].Payload[0] ^= 1;

    public ValueTask<RemoteArtifact?> GetAsync(ArtifactKey key, ByteRange? range, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _gets);
        ThrowIfTold();
        if (!_artifacts.TryGetValue(key, out var found))
        {
            return ValueTask.FromResult<RemoteArtifact?>(null);
        }

        var part = range ?? new ByteRange(0, found.Payload.Length);
        var content = new MemoryStream(found.Payload, (int)part.Offset, (int)part.Length, writable: false);
        return ValueTask.FromResult<RemoteArtifact?>(new RemoteArtifact(found.Metadata, part, content));
    }

    public async ValueTask<PutOutcome> PutAsync(
        ArtifactKey key, ArtifactMetadata metadata, Stream content, CancellationToken cancellationToken)
    {
        ThrowIfTold();
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy, cancellationToken);
        _artifacts[key] = (metadata, copy.ToArray());
        return PutOutcome.Stored;
    }

    public ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        ThrowIfTold();
        return ValueTask.FromResult(_artifacts.ContainsKey(key));
    }

    public ValueTask<bool> RemoveAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        // Removal is what the oracle relies on, so that it never fails here.
        return ValueTask.FromResult(_artifacts.TryRemove(key, out _));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void ThrowIfTold()
    {
        if (Volatile.Read(ref _failures) > 0)
        {
            Interlocked.Decrement(ref _failures);
            throw new CacheException(CacheErrorKind.Remote, "told to fail");
        }
    }
}
