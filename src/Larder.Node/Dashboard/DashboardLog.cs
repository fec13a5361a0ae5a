using Microsoft.Extensions.Logging;

namespace Larder.Node.Dashboard;

/// <summary>What the dashboard logs.</summary>
internal static partial class DashboardLog
{
    [LoggerMessage(EventId = 700, Level = LogLevel.Warning, Message = "The statistics could not be sampled; the history has a gap until they can be.")]
    public static partial void SampleFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 701, Level = LogLevel.Debug, Message = "A live client went away or was too slow.")]
    public static partial void LiveClientLost(ILogger logger, Exception exception);
}
