using Larder.Cache.Artifacts;

namespace Larder.Cache.Tiering;

/// <summary>Writes an artifact that is named by its bytes into the disk tier.</summary>
internal sealed class ContentWriter(TieredCache cache, ArtifactWriter disk) : ArtifactWriter
{
    public override ArtifactKey Key => disk.Key;

    public override long BytesWritten => disk.BytesWritten;

    public override ValueTask<PutOutcome> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        disk.WriteAsync(data, cancellationToken);

    // The bytes are those that the key names, now as before: there is nothing older that could come back.
    public override async ValueTask<CommitResult> CommitAsync(ArtifactMetadata description, CancellationToken cancellationToken)
    {
        var result = await disk.CommitAsync(description, cancellationToken).ConfigureAwait(false);
        if (!result.Lease.IsHit)
        {
            return result;
        }

        cache.NoteDiskPut(Key, result.Lease.Metadata.Length);
        return result with { Lease = new ArtifactLease(result.Lease.Content, TierKind.Fill) };
    }

    public override ValueTask DisposeAsync() => disk.DisposeAsync();
}
