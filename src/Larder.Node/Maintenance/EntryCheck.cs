using System.Buffers;
using System.Security.Cryptography;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using Larder.Node.Storage;

namespace Larder.Node.Maintenance;

/// <summary>Reads one artifact whole, on disk and as a client would get it, and compares it with its digest.</summary>
internal static class EntryCheck
{
    private const int SliceBytes = 128 * 1024;

    /// <summary>Checks the artifact; one that is damaged is removed.</summary>
    public static async ValueTask<EntryState> RunAsync(ArtifactStore store, ArtifactKey key, CancellationToken cancellationToken)
    {
        // What lies on disk is what can rot; a copy in memory would hide it.
        if (store.Cache.Disk is { } disk
            && await disk.VerifyAsync(key, cancellationToken).ConfigureAwait(false) == EntryCondition.Damaged)
        {
            await store.RemoveAsync(key).ConfigureAwait(false);
            return EntryState.Damaged;
        }

        using var artifact = await store.GetAsync(key).ConfigureAwait(false);
        if (!artifact.IsHit)
        {
            return EntryState.Absent;
        }

        if (IsSound(artifact.Content, cancellationToken))
        {
            return EntryState.Sound;
        }

        await store.RemoveAsync(key).ConfigureAwait(false);
        return EntryState.Damaged;
    }

    private static bool IsSound(ArtifactContent content, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(SliceBytes);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (var offset = 0L; offset < content.Length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var read = content.Read(offset, buffer);
                if (read == 0)
                {
                    return false;
                }

                hash.AppendData(buffer, 0, read);
                offset += read;
            }

            return Fingerprint.FromHash(hash) == content.Metadata.Digest;
        }
        catch (Exception exception) when (exception is CacheException or IOException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
