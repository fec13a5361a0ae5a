namespace Larder.Node.Http;

/// <summary>How far the node is in its life. Written by the host, read by <c>/readyz</c>.</summary>
internal sealed class NodeState : IDisposable
{
    private readonly CancellationTokenSource _draining = new();

    // One of the strings below; replaced whole.
    private volatile string _reason = Starting;

    public const string Starting = "recovering: answers are misses for what is not found yet";
    public const string Draining = "draining: no new work, please";
    public const string Ready = "ready";

    /// <summary>One short sentence.</summary>
    public string Reason => _reason;

    /// <summary>Whether work should be sent here.</summary>
    public bool IsReady => ReferenceEquals(_reason, Ready);

    /// <summary>Whether the node is stopping.</summary>
    public bool IsDraining => ReferenceEquals(_reason, Draining);

    /// <summary>The cache has recovered. Has no effect once the node drains.</summary>
    public void MarkReady() => Interlocked.CompareExchange(ref _reason, Ready, Starting);

    /// <summary>Fires when the node begins to stop.</summary>
    public CancellationToken Stopping => _draining.Token;

    /// <summary>The node is about to stop.</summary>
    public Task MarkDrainingAsync()
    {
        _reason = Draining;
        return _draining.CancelAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => _draining.Dispose();
}
