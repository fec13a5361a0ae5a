using Larder.Handlers.Contract;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Handlers;

/// <summary>What handlers and panels log.</summary>
internal static partial class HandlerLog
{
    [LoggerMessage(EventId = 800, Level = LogLevel.Information, Message = "Handlers can run after {Milliseconds:F0} ms.")]
    public static partial void Started(ILogger logger, double milliseconds);

    [LoggerMessage(EventId = 801, Level = LogLevel.Warning, Message = "Handlers are off, everything else works: {Reason}")]
    public static partial void Unavailable(ILogger logger, string reason);

    [LoggerMessage(EventId = 802, Level = LogLevel.Information, Message = "{Ready} of {Files} handlers of {Directory} are compiled.")]
    public static partial void Warmed(ILogger logger, int ready, int files, string directory);

    [LoggerMessage(EventId = 803, Level = LogLevel.Warning, Message = "The handlers of {Directory} were not compiled ahead: {Reason}")]
    public static partial void WarmFailed(ILogger logger, string directory, string reason);

    [LoggerMessage(EventId = 810, Level = LogLevel.Information, Message = "Tool {Tool} of panel {Panel} failed: {Code}: {Reason}")]
    public static partial void ToolFailed(ILogger logger, string tool, string panel, HandlerErrorCode code, string reason);

    [LoggerMessage(EventId = 811, Level = LogLevel.Error, Message = "Tool {Tool} of panel {Panel} failed in a way that nobody foresaw.")]
    public static partial void ToolBroke(ILogger logger, string tool, string panel, Exception exception);

    [LoggerMessage(EventId = 812, Level = LogLevel.Warning, Message = "Trigger of tool {Tool} of panel {Panel} was passed over: {Reason}")]
    public static partial void TriggerSkipped(ILogger logger, string tool, string panel, string reason);

    [LoggerMessage(EventId = 813, Level = LogLevel.Information, Message = "Panel {Panel} was removed: {Reason}")]
    public static partial void PanelRemoved(ILogger logger, string panel, string reason);

    [LoggerMessage(EventId = 814, Level = LogLevel.Debug, Message = "A client of panel {Panel} went away: {Reason}")]
    public static partial void SocketLost(ILogger logger, string panel, string reason);
}
