namespace Larder.Handlers.Contract;

/// <summary>A line that a handler logged.</summary>
/// <param name="Level">How grave it is.</param>
/// <param name="Message">The text, cut at the limit of its run.</param>
public readonly record struct LogEntry(HandlerLogLevel Level, string Message);
