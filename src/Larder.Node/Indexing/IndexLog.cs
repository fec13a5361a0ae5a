using Microsoft.Extensions.Logging;

namespace Larder.Node.Indexing;

/// <summary>What indexes log.</summary>
internal static partial class IndexLog
{
    [LoggerMessage(EventId = 950, Level = LogLevel.Information, Message = "Index {Name} is open in {Directory}; its tip is block {Height}.")]
    public static partial void Opened(ILogger logger, string name, string directory, long height);

    [LoggerMessage(EventId = 951, Level = LogLevel.Warning, Message = "Index {Name} cannot go on now, and is tried again: {Reason}")]
    public static partial void Passing(ILogger logger, string name, string reason);

    [LoggerMessage(EventId = 952, Level = LogLevel.Error, Message = "Index {Name} takes no more blocks: {Reason}")]
    public static partial void Ended(ILogger logger, string name, string reason);

    [LoggerMessage(EventId = 953, Level = LogLevel.Warning, Message = "Index {Name} went along with a reorganisation: {Depth} blocks were taken back to block {Ancestor}.")]
    public static partial void Reorganised(ILogger logger, string name, uint depth, uint ancestor);

    [LoggerMessage(EventId = 954, Level = LogLevel.Warning, Message = "The source of index {Name} is waited for: {Reason}")]
    public static partial void Waiting(ILogger logger, string name, string reason);

    [LoggerMessage(EventId = 955, Level = LogLevel.Error, Message = "Index {Name} failed in a way that nobody foresaw.")]
    public static partial void Failed(ILogger logger, string name, Exception exception);
}
