using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

/// <summary>One artifact on its way to a remote store.</summary>
internal sealed class UploadJob(ArtifactKey key, ArtifactLease lease, long queuedAt) : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ArtifactLease _lease = lease;
    private int _started;

    public ArtifactKey Key { get; } = key;

    public ArtifactContent Content { get; } = lease.Content;

    /// <summary>Timestamp at which it was queued.</summary>
    public long QueuedAt { get; } = queuedAt;

    /// <summary>Completes when the job has ended, however it did.</summary>
    public Task Ended => _ended.Task;

    public CancellationToken Cancelled => _cancel.Token;

    public bool IsCancelled => _cancel.IsCancellationRequested;

    /// <summary>Takes the job on; true for exactly one caller, who ends it.</summary>
    public bool TryStart() => Interlocked.Exchange(ref _started, 1) == 0;

    /// <summary>Asks whoever runs the job to stop, because its artifact is being removed.</summary>
    public async ValueTask CancelAsync()
    {
        try
        {
            await _cancel.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The job has just ended by itself.
        }
    }

    /// <summary>Lets those go on who wait for the end.</summary>
    public void End() => _ended.TrySetResult();

    /// <summary>Gives the lease back.</summary>
    public void Dispose()
    {
        _lease.Dispose();
        _cancel.Dispose();
    }
}
