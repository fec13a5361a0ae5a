using Microsoft.Extensions.Logging;

namespace Larder.Node.Mounts;

/// <summary>What mounts log.</summary>
internal static partial class MountLog
{
    [LoggerMessage(EventId = 900, Level = LogLevel.Information, Message = "{Reference} is mounted on {Path}.")]
    public static partial void Mounted(ILogger logger, string reference, string path);

    [LoggerMessage(EventId = 901, Level = LogLevel.Warning, Message = "{Reference} cannot be mounted on {Path} now, and is tried again: {Reason}")]
    public static partial void Failed(ILogger logger, string reference, string path, string reason);

    [LoggerMessage(EventId = 902, Level = LogLevel.Warning, Message = "{Path} stays mounted: {Reason}")]
    public static partial void NotEnded(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 903, Level = LogLevel.Warning, Message = "The mount on {Path} is forgotten: {Reason}")]
    public static partial void Forgotten(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 905, Level = LogLevel.Warning, Message = "The mounts of this machine cannot be looked at now: {Reason}")]
    public static partial void NotSeen(ILogger logger, string reason);

    [LoggerMessage(EventId = 904, Level = LogLevel.Warning, Message = "{File} cannot be read, so that no mount is made again: {Reason}")]
    public static partial void Unreadable(ILogger logger, string file, string reason);
}
