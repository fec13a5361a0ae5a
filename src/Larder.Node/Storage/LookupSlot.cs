using Larder.Node.Http;

namespace Larder.Node.Storage;

/// <summary>What one thread is looking up at the moment. Written by that thread, read by the watch.</summary>
internal sealed class LookupSlot
{
    // Written before _request is set and read after it was seen, so that the two belong together or are told apart by
    // the generation, which the request checks.
    private long _generation;
    private long _startedAt;
    private volatile NodeRequest? _request;

    /// <summary>The thread enters a lookup.</summary>
    public void Enter(NodeRequest request, long generation, long now)
    {
        _generation = generation;
        _startedAt = now;
        _request = request;
    }

    /// <summary>The thread has come back.</summary>
    public void Leave() => _request = null;

    /// <summary>The request that the thread is stuck with since before <paramref name="limit"/>; null when it is not.</summary>
    public NodeRequest? StuckSince(long limit, out long generation)
    {
        var request = _request;
        generation = Volatile.Read(ref _generation);
        return request is not null && Volatile.Read(ref _startedAt) < limit ? request : null;
    }
}
