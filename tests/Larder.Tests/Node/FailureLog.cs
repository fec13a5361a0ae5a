using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Larder.Tests.Node;

/// <summary>Keeps what a node logs as warnings and errors, so that a test can look at it and a failure shows it.</summary>
internal sealed class FailureLog : ILoggerFactory, ILogger
{
    // The node's threads do not know which test they work for.
    private readonly ITestOutputHelper? _output = TestContext.Current.TestOutputHelper;

    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        var line = $"{logLevel}: {formatter(state, exception)} {exception}";
        Lines.Enqueue(line);
        _output?.WriteLine(line);
    }

    public void Dispose()
    {
    }
}
