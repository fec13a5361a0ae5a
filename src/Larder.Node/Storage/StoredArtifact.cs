using Larder.Cache.Artifacts;

namespace Larder.Node.Storage;

/// <summary>A lease that the store counts while it lives. Dispose exactly one copy, once; a miss needs none.</summary>
internal struct StoredArtifact : IDisposable
{
    private ArtifactLease _lease;
    private ArtifactStore? _store;

    public StoredArtifact(ArtifactLease lease, ArtifactStore store)
    {
        _lease = lease;
        _store = store;
    }

    /// <summary>Whether there is something to read.</summary>
    public readonly bool IsHit => _store is not null;

    /// <summary>The bytes; only on a hit.</summary>
    public readonly ArtifactContent Content => _lease.Content;

    /// <summary>What is known of them; only on a hit.</summary>
    public readonly ArtifactMetadata Metadata => _lease.Metadata;

    /// <summary>Which tier answered.</summary>
    public readonly TierKind Source => _lease.Source;

    /// <inheritdoc/>
    public void Dispose()
    {
        var store = _store;
        _store = null;
        _lease.Dispose();
        store?.Forget();
    }
}
