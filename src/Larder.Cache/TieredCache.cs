using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache;

/// <summary>The facade over all tiers. Being written: signatures are settled, bodies are not.</summary>
public sealed class TieredCache : IAsyncDisposable
{
    /// <summary>Looks through the tiers from upper to lower and promotes the first verified hit.</summary>
    public ValueTask<ArtifactLease> GetAsync(ArtifactKey key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Looks up, and on a miss everywhere runs one fill however many callers wait.</summary>
    public ValueTask<ArtifactLease> GetOrFillAsync<TState>(ArtifactKey key, TState state, ArtifactFill<TState> fill, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Begins to write an artifact of <paramref name="length"/> bytes, -1 when unknown.</summary>
    public ArtifactWriter BeginWrite(ArtifactKey key, long length = -1) => throw new NotSupportedException();

    /// <summary>Stores bytes that are at hand.</summary>
    public ValueTask<PutOutcome> PutAsync(ArtifactKey key, ReadOnlyMemory<byte> content, ArtifactMetadata? description = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Whether a lookup now would probably hit.</summary>
    public ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Removes the artifact from every tier that this node may change.</summary>
    public ValueTask<bool> RemoveAsync(ArtifactKey key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Removes everything of one owner; returns how many entries.</summary>
    public ValueTask<long> InvalidateOwnerAsync(string owner, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The treatment of a kind.</summary>
    public KindOptions OptionsFor(ArtifactKind kind) => throw new NotSupportedException();

    /// <summary>One snapshot of every tier.</summary>
    public CacheStatistics GetStatistics() => throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
