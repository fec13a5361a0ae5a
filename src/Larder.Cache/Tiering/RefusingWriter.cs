using Larder.Cache.Artifacts;

namespace Larder.Cache.Tiering;

/// <summary>Takes nothing and says why.</summary>
internal sealed class RefusingWriter(ArtifactKey key, PutOutcome outcome) : ArtifactWriter
{
    public override ArtifactKey Key => key;

    public override long BytesWritten => 0;

    public override ValueTask<PutOutcome> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        ValueTask.FromResult(outcome);

    public override ValueTask<CommitResult> CommitAsync(ArtifactMetadata description, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new CommitResult(outcome, ArtifactLease.Miss));

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
