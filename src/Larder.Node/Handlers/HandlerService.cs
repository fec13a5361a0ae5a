using System.Diagnostics;
using System.Diagnostics.Metrics;
using Larder.Cache;
using Larder.Handlers;
using Larder.Handlers.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Handlers;

/// <summary>
/// The node's runtime of handlers: started with the node or by the first call, and again some time after a start failed.
/// Safe for many threads.
/// </summary>
internal sealed class HandlerService : IAsyncDisposable
{
    /// <summary>After this time a start that failed is tried again.</summary>
    public static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    private readonly HandlerOptions _options;
    private readonly TieredCache _cache;
    private readonly IMeterFactory _meters;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();

    // Guarded by _gate: the last start, and when it began.
    private Task<HandlerRuntime>? _start;
    private long _startedAt;

    // Set by the start that succeeds, before its task ends.
    private HandlersMeter? _meter;

    public HandlerService(
        HandlerOptions options, TieredCache cache, IMeterFactory meters, ILoggerFactory loggers, ILogger logger, TimeProvider clock)
    {
        _options = options;
        _cache = cache;
        _meters = meters;
        _loggers = loggers;
        _logger = logger;
        _clock = clock;
    }

    /// <summary>How the runtime is told to work.</summary>
    public HandlerRuntimeOptions RuntimeOptions => Describe(_options);

    /// <summary>The runtime when it runs; null otherwise.</summary>
    public HandlerRuntime? Current
    {
        get
        {
            lock (_gate)
            {
                return _start is { IsCompletedSuccessfully: true } ? _start.Result : null;
            }
        }
    }

    /// <summary><c>off</c>, <c>idle</c> before the first call, <c>starting</c>, <c>ready</c> or <c>failed</c>.</summary>
    public string State
    {
        get
        {
            lock (_gate)
            {
                return !_options.Enabled ? "off"
                    : _start is null ? "idle"
                    : _start.IsCompletedSuccessfully ? "ready"
                    : _start.IsCompleted ? "failed"
                    : "starting";
            }
        }
    }

    /// <summary>Why the last start failed; null when it did not.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                return _start is { IsFaulted: true } ? _start.Exception.GetBaseException().Message : null;
            }
        }
    }

    /// <summary>Begins to start the runtime, unless it is to wait for the first call.</summary>
    public void Start()
    {
        if (_options.Enabled && _options.Runtime.MinInstances > 0)
        {
            _ = Begin();
        }
    }

    /// <summary>The runtime, started if it is not yet.</summary>
    /// <exception cref="ApiException">Handlers are off, or the runtime cannot start; the message says why.</exception>
    public async ValueTask<HandlerRuntime> GetAsync(CancellationToken cancellationToken)
    {
        if (!_options.Enabled)
        {
            throw ApiException.Unavailable("This node runs no handlers: the setting handlers.enabled is false.");
        }

        var start = Begin();
        if (start.IsCompletedSuccessfully)
        {
            return await start.ConfigureAwait(false);
        }

        try
        {
            return await start.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (HandlersException exception)
        {
            throw ApiException.Unavailable(exception.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw ApiException.Unavailable("The node is stopping.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task<HandlerRuntime>? start;
        lock (_gate)
        {
            start = _start;
        }

        if (start is not null)
        {
            await ((Task)start).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (start.IsCompletedSuccessfully)
            {
                _meter?.Dispose();
                await (await start.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            }
        }

        _closing.Dispose();
    }

    // An extension call must end before its suspension does, and more instances are never kept than there may be.
    private static HandlerRuntimeOptions Describe(HandlerOptions options)
    {
        var calls = options.Http.Timeout + TimeSpan.FromSeconds(5);
        var runtime = options.Runtime;
        return runtime with
        {
            MinInstances = Math.Min(runtime.MinInstances, runtime.MaxInstances),
            SuspensionTimeout = calls > runtime.SuspensionTimeout ? calls : runtime.SuspensionTimeout,
        };
    }

    private Task<HandlerRuntime> Begin()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            var mayRetry = _start is { IsCompleted: true, IsCompletedSuccessfully: false } && _clock.GetElapsedTime(_startedAt) >= RetryInterval;
            if (_start is null || mayRetry)
            {
                _startedAt = _clock.GetTimestamp();
                _start = Task.Run(StartAsync, CancellationToken.None);
            }

            return _start;
        }
    }

    private async Task<HandlerRuntime> StartAsync()
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var runtime = await HandlerRuntime.StartAsync(RuntimeOptions, _cache, _loggers, _closing.Token).ConfigureAwait(false);
            var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            HandlerLog.Started(_logger, took);
            await WarmAsync(runtime).ConfigureAwait(false);
            _meter = new HandlersMeter(runtime, _meters, _options.MetricAliases);
            return runtime;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            HandlerLog.Unavailable(_logger, exception.Message);
            throw exception as HandlersException
                ?? new HandlersException(HandlersErrorKind.EngineUnavailable, $"The runtime of handlers cannot start: {exception.Message}", exception);
        }
    }

    // A handler that is missing or broken is compiled when it is called, or refused then.
    private async Task WarmAsync(HandlerRuntime runtime)
    {
        if (_options.WarmDirectory is not { } directory)
        {
            return;
        }

        try
        {
            var files = Directory.GetFiles(directory, "*.js").Order(StringComparer.Ordinal).ToArray();
            var ready = await runtime.WarmAsync(files.Select(File.ReadAllText), _closing.Token).ConfigureAwait(false);
            HandlerLog.Warmed(_logger, ready, files.Length, directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            HandlerLog.WarmFailed(_logger, directory, exception.Message);
        }
    }
}
