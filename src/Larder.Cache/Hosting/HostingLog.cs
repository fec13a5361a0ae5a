using Larder.Cache.Artifacts;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Hosting;

/// <summary>The log messages of the adapters.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(400, LogLevel.Warning, "Entry {Key} cannot be read and counts as absent: {Problem}")]
    public static partial void EntryUnreadable(ILogger logger, ArtifactKey key, string problem);

    [LoggerMessage(401, LogLevel.Warning, "Entry {Key} was not kept: {Outcome}")]
    public static partial void EntryNotKept(ILogger logger, ArtifactKey key, PutOutcome outcome);

    [LoggerMessage(402, LogLevel.Warning, "Entry {Key} was not kept: {Problem}")]
    public static partial void EntryNotWritten(ILogger logger, ArtifactKey key, string problem);
}
