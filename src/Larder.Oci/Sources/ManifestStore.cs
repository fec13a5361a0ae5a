using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>Manifests and configurations in the cache, by their digest, so that no node of a fleet asks twice.</summary>
/// <remarks>A cache that fails is passed over. Digests of other hash functions than SHA-256 are not kept.</remarks>
internal sealed class ManifestStore(TieredCache? cache)
{
    /// <summary>The bytes; null when they are nowhere near.</summary>
    public async ValueTask<byte[]?> FindAsync(OciDigest digest, CancellationToken cancellationToken)
    {
        if (cache is null || !digest.TryGetFingerprint(out var fingerprint))
        {
            return null;
        }

        try
        {
            using var lease = await cache.GetAsync(new ArtifactKey(ManifestKinds.Manifest, fingerprint), cancellationToken).ConfigureAwait(false);
            if (!lease.IsHit || lease.Content.Length > ManifestLimits.MaxConfigBytes)
            {
                return null;
            }

            var content = new byte[lease.Content.Length];
            var length = 0;
            while (length < content.Length && lease.Content.Read(length, content.AsSpan(length)) is > 0 and var read)
            {
                length += read;
            }

            return digest.Matches(content) ? content : null;
        }
        catch (CacheException)
        {
            return null;
        }
    }

    /// <summary>Keeps bytes that have the digest.</summary>
    public async ValueTask KeepAsync(OciDigest digest, byte[] content, CancellationToken cancellationToken)
    {
        if (cache is null || !digest.TryGetFingerprint(out var fingerprint))
        {
            return;
        }

        try
        {
            await cache.PutAsync(new ArtifactKey(ManifestKinds.Manifest, fingerprint), content, null, cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException)
        {
            // It is counted there, and read again from the registry the next time.
        }
    }
}
