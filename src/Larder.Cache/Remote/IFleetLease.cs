using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

/// <summary>
/// Offered by a remote store that can say who of all nodes makes an artifact, so that the others wait for it. The lease
/// of a node that dies ends by itself.
/// </summary>
/// <remarks>
/// Trouble is a <see cref="CacheException"/>, as for <see cref="IRemoteStore"/>; it costs the saving, never the artifact.
/// </remarks>
public interface IFleetLease
{
    /// <summary>Takes the lease of an artifact for a time.</summary>
    /// <param name="key">What is to be made.</param>
    /// <param name="life">After how long it ends by itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The token that renews and releases it; null when somebody else holds it.</returns>
    ValueTask<byte[]?> TryAcquireLeaseAsync(ArtifactKey key, TimeSpan life, CancellationToken cancellationToken);

    /// <summary>Lets a lease live for <paramref name="life"/> from now on; false when it has ended.</summary>
    ValueTask<bool> RenewLeaseAsync(ArtifactKey key, byte[] token, TimeSpan life, CancellationToken cancellationToken);

    /// <summary>Ends a lease; false when it had ended already.</summary>
    ValueTask<bool> ReleaseLeaseAsync(ArtifactKey key, byte[] token, CancellationToken cancellationToken);
}
