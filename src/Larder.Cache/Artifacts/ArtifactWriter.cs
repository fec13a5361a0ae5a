using Larder.Cache.Fingerprints;

namespace Larder.Cache.Artifacts;

/// <summary>
/// One artifact on its way into a tier: bytes are booked against the capacity before they come, go straight to where
/// they will live, and become visible at once on commit. Disposing without a commit leaves nothing behind.
/// </summary>
/// <remarks>For one caller at a time. The digest of the payload is computed as it passes.</remarks>
public abstract class ArtifactWriter : IAsyncDisposable
{
    /// <summary>What is being written.</summary>
    public abstract ArtifactKey Key { get; }

    /// <summary>Payload bytes taken so far.</summary>
    public abstract long BytesWritten { get; }

    /// <summary>
    /// Takes more payload bytes. They are copied or written before this returns. Returns
    /// <see cref="PutOutcome.Stored"/> while all is well; any other outcome is final: nothing more is taken, the
    /// writer has let go of its space, and <see cref="CommitAsync"/> will return that outcome.
    /// </summary>
    public abstract ValueTask<PutOutcome> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the artifact visible, or returns why not. On <see cref="PutOutcome.Stored"/> and
    /// <see cref="PutOutcome.AlreadyPresent"/> the lease reads the stored artifact, and is the caller's to dispose.
    /// </summary>
    /// <param name="description">
    /// What to keep with the bytes. Its length and digest, where they are set (not negative, not default), are checked
    /// against what was written: a difference is a <see cref="PutOutcome.DigestMismatch"/>.
    /// </param>
    /// <param name="cancellationToken">Gives up before the commit; afterwards it has no effect.</param>
    public abstract ValueTask<CommitResult> CommitAsync(ArtifactMetadata description, CancellationToken cancellationToken);

    /// <summary>Aborts if there was no commit.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>A description for which length and digest are taken from the bytes written.</summary>
    public static ArtifactMetadata AsWritten { get; } = new() { Length = -1, Digest = default(Fingerprint) };
}
