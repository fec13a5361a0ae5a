using Microsoft.Extensions.Logging;

namespace Larder.Handlers.Pooling;

/// <summary>The log messages of the instance pool.</summary>
internal static partial class PoolLog
{
    [LoggerMessage(720, LogLevel.Warning, "An instance could not be made.")]
    public static partial void CreationFailed(ILogger logger, Exception exception);

    [LoggerMessage(721, LogLevel.Warning, "Warming stopped after {Made} of {Wanted} instances.")]
    public static partial void WarmingStopped(ILogger logger, int made, int wanted);

    [LoggerMessage(722, LogLevel.Warning, "Instance {Id} could not be reset and was dropped.")]
    public static partial void ResetFailed(ILogger logger, long id, Exception exception);

    [LoggerMessage(723, LogLevel.Error, "Instance {Id} could not be freed.")]
    public static partial void DestroyFailed(ILogger logger, long id, Exception exception);

    [LoggerMessage(724, LogLevel.Warning, "{Active} instances were still in use after {Timeout}; they are freed when they are released.")]
    public static partial void ShutdownTimedOut(ILogger logger, int active, TimeSpan timeout);
}
