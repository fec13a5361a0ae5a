using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

/// <summary>
/// A store shared with other nodes, as a <see cref="RemoteTier"/> sees it: one attempt a call, no cache of its own.
/// </summary>
/// <remarks>
/// Absence is a value. Trouble is a <see cref="CacheException"/> of kind <see cref="CacheErrorKind.Remote"/> whose
/// <see cref="CacheException.IsTransient"/> says whether to try again, or of kind <see cref="CacheErrorKind.Damaged"/>
/// when what came is not an artifact; its message holds no secrets. Every call ends within the store's own time
/// limits even when nothing is heard from the other side. Retries, deadlines over several attempts, the circuit
/// breaker and verification belong to the tier. All members are safe for use by many threads.
/// </remarks>
public interface IRemoteStore : IAsyncDisposable
{
    /// <summary>What to call the store in log lines and statistics: an address without secrets.</summary>
    string Name { get; }

    /// <summary>Opens an artifact, whole or in part.</summary>
    /// <param name="key">What to open.</param>
    /// <param name="range">
    /// The payload bytes wanted, within the payload; null for all of them. Stores that cannot seek skip what comes
    /// before.
    /// </param>
    /// <param name="cancellationToken">Gives up before the artifact is opened; reading has its own token.</param>
    /// <returns>The artifact, not verified yet, which the caller disposes; null when there is none.</returns>
    ValueTask<RemoteArtifact?> GetAsync(ArtifactKey key, ByteRange? range, CancellationToken cancellationToken);

    /// <summary>Stores an artifact so that it becomes visible as a whole or not at all.</summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="metadata">Describes it; its length is that of the payload.</param>
    /// <param name="content">The payload from its first byte; the caller disposes it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// <see cref="PutOutcome.Stored"/> or <see cref="PutOutcome.AlreadyPresent"/>; <see cref="PutOutcome.TooLarge"/>,
    /// <see cref="PutOutcome.NoSpace"/> or <see cref="PutOutcome.NotAdmitted"/> when the store does not take it;
    /// <see cref="PutOutcome.DigestMismatch"/> when what arrived is not what was described;
    /// <see cref="PutOutcome.Disabled"/> when this node may not write there.
    /// </returns>
    ValueTask<PutOutcome> PutAsync(
        ArtifactKey key, ArtifactMetadata metadata, Stream content, CancellationToken cancellationToken);

    /// <summary>Whether the artifact is there now. It may be gone a moment later, and it may be damaged.</summary>
    ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken);

    /// <summary>Removes an artifact; false when there was none.</summary>
    ValueTask<bool> RemoveAsync(ArtifactKey key, CancellationToken cancellationToken);
}
