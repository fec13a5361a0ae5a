using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Output;

/// <summary>
/// Writes log lines to standard error: time, level, category and message on one line and the exception below, or one JSON
/// object a line for whoever collects them.
/// </summary>
internal sealed class StandardErrorLogging : ILoggerFactory
{
    private readonly Lock _gate = new();
    private readonly Terminal _terminal;
    private readonly LogLevel _least;
    private readonly bool _isPretty;

    public StandardErrorLogging(Terminal terminal, LogLevel least, bool isPretty = true)
    {
        _terminal = terminal;
        _least = least;
        _isPretty = isPretty;
    }

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    /// <summary>There is one place to log to.</summary>
    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string category, string message, Exception? exception)
    {
        var time = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        lock (_gate)
        {
            if (!_isPretty)
            {
                WriteJson(time, level, category, message, exception);
                return;
            }

            _terminal.Error.WriteLine($"{time} {level.ToString().ToLowerInvariant()} {category}: {message}");
            if (exception is not null)
            {
                _terminal.Error.WriteLine(_least <= LogLevel.Debug ? exception.ToString() : $"  {exception.GetType().Name}: {exception.Message}");
            }

            _terminal.Error.Flush();
        }
    }

    private void WriteJson(string time, LogLevel level, string category, string message, Exception? exception)
    {
        var line = new JsonObject { ["time"] = time, ["level"] = level.ToString().ToLowerInvariant(), ["category"] = category, ["message"] = message };
        if (exception is not null)
        {
            line["exception"] = _least <= LogLevel.Debug ? exception.ToString() : $"{exception.GetType().Name}: {exception.Message}";
        }

        _terminal.Error.WriteLine(line.ToJsonString());
        _terminal.Error.Flush();
    }

    private sealed class Category : ILogger
    {
        private readonly StandardErrorLogging _owner;
        private readonly string _name;

        public Category(StandardErrorLogging owner, string name)
        {
            _owner = owner;
            _name = name;
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= _owner._least && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                _owner.Write(logLevel, _name, formatter(state, exception), exception);
            }
        }
    }
}
