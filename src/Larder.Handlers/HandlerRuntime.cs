using System.Collections.Immutable;
using System.Diagnostics;
using Larder.Cache;
using Larder.Handlers.Capabilities;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;
using Larder.Handlers.Diagnostics;
using Larder.Handlers.Execution;
using Larder.Handlers.Pooling;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Handlers;

/// <summary>
/// Runs JavaScript handlers: compiled once and kept in a cache, each run in an instance of its own, with capabilities and
/// limits. What a handler does wrong is a <see cref="HandlerResult"/>; exceptions are for a broken environment, for
/// cancellation and for misuse. For any number of threads.
/// </summary>
/// <remarks>
/// <para>
/// A call finds the compiled handler, gets an instance from the pool, preferably one in which this handler is loaded, and
/// runs it on the caller's thread; one that nests calls more deeply than that thread's stack allows begins anew on a thread
/// with a larger one, for nothing that it did has left the runtime. The instance is then put back to what it was before the call, byte by byte, whatever the
/// handler did; nobody gets it sooner.
/// </para>
/// <para>
/// A handler that waits for an extension keeps its instance, but not its place among those that run; the caller gets what
/// the handler has done so far and answers the extension's call in its own time.
/// </para>
/// </remarks>
public sealed partial class HandlerRuntime : IAsyncDisposable
{
    private readonly EngineModuleLoader _loader;
    private readonly HandlerCompiler _compiler;
    private readonly HandlerEngine _engine;
    private readonly InstancePool<HandlerInstance> _pool;
    private readonly LoadedHandlers _handlers;
    private readonly DeadlineWatch _watch = new();
    private readonly DeepStack _deepStack = new();
    private readonly HandlerMetrics _metrics;
    private volatile bool _isStopping;

    private HandlerRuntime(
        HandlerRuntimeOptions options, EngineModuleLoader loader, HandlerCompiler compiler, HandlerEngine engine, ILogger logger)
    {
        Options = options;
        _loader = loader;
        _compiler = compiler;
        _engine = engine;
        _handlers = new LoadedHandlers(options.MaxHandlerImages);
        _metrics = new HandlerMetrics(
            options.MaxHandlerStatistics, options.Time, source => compiler.KeyOf(source).ToString());
        _pool = new InstancePool<HandlerInstance>(
            options.PoolOptions(),
            new InstanceLifecycle<HandlerInstance>
            {
                Create = _ => ValueTask.FromResult(engine.Create()),
                Reset = static (instance, wanted) => instance.Reset((LoadedHandler?)wanted),
                MeasureBytes = static instance => instance.MemoryBytes,
                Destroy = static instance => instance.Dispose(),
            },
            options.Time,
            logger);
    }

    /// <summary>How it works.</summary>
    public HandlerRuntimeOptions Options { get; }

    /// <summary>The instances. For tests.</summary>
    internal InstancePool<HandlerInstance> Pool => _pool;

    /// <summary>Starts a runtime: finds the engine and makes the first instances.</summary>
    /// <param name="options">How it works.</param>
    /// <param name="cache">Where compiled handlers are kept; it must outlive the runtime.</param>
    /// <param name="loggers">Where it logs; null for nowhere.</param>
    /// <param name="cancellationToken">Ends the start early.</param>
    /// <exception cref="HandlersException">An option is out of range, or the engine cannot be had.</exception>
    public static async Task<HandlerRuntime> StartAsync(
        HandlerRuntimeOptions options,
        TieredCache cache,
        ILoggerFactory? loggers = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(cache);
        options.Validate();
        var module = EngineModule.Find(options.EngineModulePath);
        var loader = new EngineModuleLoader(cache);
        HandlerCompiler? compiler = null;
        HandlerRuntime? runtime = null;
        try
        {
            var compiled = await loader
                .LoadAsync(module, EngineModuleLoader.OptionsFor(options.Metering), cancellationToken).ConfigureAwait(false);
            compiler = new HandlerCompiler(
                options.Compiler with { MaxSourceBytes = options.MaxSourceBytes }, cache, module.Digest, _ => Task.FromResult(compiled));
            var limits = new QuickJsLimits(options.MemoryLimitBytes, options.StackBytes, DeepStack.GuestBytes);
            var engine = await HandlerEngine
                .StartAsync(loader, cache, module, compiled, limits, options.TimeRequiresCapability, cancellationToken)
                .ConfigureAwait(false);
            var logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger<HandlerRuntime>();
            runtime = new HandlerRuntime(options, loader, compiler, engine, logger);
            compiler.WarmInBackground();
            await runtime._pool.WarmAsync(cancellationToken).ConfigureAwait(false);
            return runtime;
        }
        catch when (runtime is not null)
        {
            await runtime.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        catch
        {
            if (compiler is not null)
            {
                await compiler.DisposeAsync().ConfigureAwait(false);
            }

            await loader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Compiles a handler, or finds it in the cache, and runs it.</summary>
    /// <param name="source">The body of a JavaScript function; <c>await</c> and <c>return</c> are allowed in it.</param>
    /// <param name="context">What it sees of the world.</param>
    /// <param name="limits">What it may use; null for the limits of the runtime.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <exception cref="HandlersException">The runtime is shutting down.</exception>
    public async ValueTask<HandlerResult> ExecuteAsync(
        string source,
        HandlerContext context,
        ExecutionLimits? limits = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(context);
        ThrowIfStopping();
        var started = Stopwatch.GetTimestamp();
        var compilation = await _compiler.CompileAsync(source, cancellationToken).ConfigureAwait(false);
        var metrics = new ExecutionMetrics { Origin = compilation.Origin, CompilationTime = compilation.CompilationTime };
        return compilation.Succeeded
            ? await RunAsync(compilation.Handler, context, limits, metrics, started, cancellationToken).ConfigureAwait(false)
            : Ended(null, context, Failure(compilation.Error, metrics), started);
    }

    /// <summary>Compiles a handler, or finds it in the cache, without running it.</summary>
    /// <param name="source">The body of a JavaScript function.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="HandlersException">
    /// The handler cannot be compiled (<see cref="HandlersErrorKind.HandlerRejected"/>), or the runtime is shutting down.
    /// </exception>
    public async ValueTask<PrecompiledHandler> PrecompileAsync(string source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ThrowIfStopping();
        var compilation = await _compiler.CompileAsync(source, cancellationToken).ConfigureAwait(false);
        return compilation.Succeeded
            ? new PrecompiledHandler(
                compilation.Handler.Artifact,
                _compiler.KeyOf(compilation.Handler).ToString(),
                compilation.Origin,
                compilation.CompilationTime)
            : throw new HandlersException(compilation.Error);
    }

    /// <summary>Runs what <see cref="PrecompileAsync"/> gave.</summary>
    /// <param name="artifact">The compiled handler.</param>
    /// <param name="context">What it sees of the world.</param>
    /// <param name="limits">What it may use; null for the limits of the runtime.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <exception cref="HandlersException">
    /// The artifact is damaged or was made by another engine (<see cref="HandlersErrorKind.BadArtifact"/>), or the runtime
    /// is shutting down.
    /// </exception>
    public ValueTask<HandlerResult> ExecuteCompiledAsync(
        ReadOnlyMemory<byte> artifact,
        HandlerContext context,
        ExecutionLimits? limits = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ThrowIfStopping();
        var started = Stopwatch.GetTimestamp();
        var handler = _compiler.Open(artifact, out var fault) ?? throw new HandlersException(
            HandlersErrorKind.BadArtifact, $"The compiled handler cannot be used ({fault}); compile its source again.");
        return RunAsync(handler, context, limits, new ExecutionMetrics { Origin = HandlerOrigin.Given }, started, cancellationToken);
    }

    /// <summary>Goes on with a suspended run. Each suspension is resumed at most once.</summary>
    /// <param name="suspensionId">The name of the suspension.</param>
    /// <param name="result">How the extension call ended.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <exception cref="HandlersException">
    /// There is no such suspension (<see cref="HandlersErrorKind.UnknownSuspension"/>), or the runtime is shutting down.
    /// </exception>
    public async ValueTask<HandlerResult> ResumeAsync(
        Guid suspensionId, ResumeResult result, CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        var started = Stopwatch.GetTimestamp();
        if (result.Success && HandlerJson.TextOf(result.Value).Length > Options.MaxInputBytes)
        {
            result = ResumeResult.Failed($"the answer of the extension is larger than the limit of {Options.MaxInputBytes} bytes");
        }

        var lease = await _pool.ResumeAsync(suspensionId, Options.AcquireTimeout, cancellationToken).ConfigureAwait(false);
        if (!lease.IsAcquired)
        {
            return lease.Outcome switch
            {
                AcquireOutcome.NotSuspended => throw new HandlersException(
                    HandlersErrorKind.UnknownSuspension,
                    $"No run is suspended as {suspensionId}: it never was, was resumed already, or was not resumed in time."),
                AcquireOutcome.ShuttingDown => throw ShuttingDown(),
                _ => Failure(ErrorOf(lease.Outcome, lease.Failure), new ExecutionMetrics { Duration = Stopwatch.GetElapsedTime(started) }),
            };
        }

        var run = lease.Instance.Run ?? throw new InvalidOperationException("A suspended instance has no run.");
        var metrics = new ExecutionMetrics { Origin = HandlerOrigin.Given, QueueTime = Stopwatch.GetElapsedTime(started) };

        // What was done before cannot be done again, so there has to be stack enough from the start.
        var part = await _deepStack
            .RunAsync(() => Part(lease, () => run.Resume(result, cancellationToken))).ConfigureAwait(false);
        return Finish(run, lease, part, metrics, started);
    }

    /// <summary>Runs many calls, several at a time. The results are in the order of the calls.</summary>
    /// <param name="calls">The calls.</param>
    /// <param name="parallelism">Most that run at a time; 0 for as many as there may be instances.</param>
    /// <param name="cancellationToken">Stops all of them.</param>
    /// <exception cref="HandlersException">The runtime is shutting down.</exception>
    public async Task<ImmutableArray<HandlerResult>> ExecuteBatchAsync(
        IReadOnlyList<HandlerCall> calls, int parallelism = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(calls);
        ArgumentOutOfRangeException.ThrowIfNegative(parallelism);
        ThrowIfStopping();
        var results = new HandlerResult[calls.Count];
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = parallelism == 0 ? Options.MaxInstances : Math.Min(parallelism, Options.MaxInstances),
            CancellationToken = cancellationToken,
        };
        await Parallel.ForAsync(0, calls.Count, parallel, async (index, token) =>
        {
            var call = calls[index];
            results[index] = await ExecuteAsync(call.Source, call.Context, call.Limits, token).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return ImmutableArray.Create(results);
    }

    /// <summary>
    /// The capabilities that a handler's source seems to need. A key that is only known when the handler runs asks for the
    /// wildcard of its family. This is advice for whoever grants, not a check.
    /// </summary>
    /// <param name="source">The body of a JavaScript function.</param>
    public static CapabilitySet InferCapabilities(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return CapabilityInference.Infer(source);
    }

    /// <summary>Compiles handlers that are not in the cache yet.</summary>
    /// <param name="sources">The handlers. What cannot be compiled is passed over.</param>
    /// <param name="cancellationToken">Ends the work early.</param>
    /// <returns>How many are in the cache now.</returns>
    public Task<int> WarmAsync(IEnumerable<string> sources, CancellationToken cancellationToken = default) =>
        _compiler.WarmAsync(sources, cancellationToken);

    /// <summary>Removes every compiled handler from the cache and drops the images of handlers.</summary>
    /// <param name="cancellationToken">Ends the work early.</param>
    public async Task ClearAsync(CancellationToken cancellationToken = default)
    {
        await _compiler.ClearAsync(cancellationToken).ConfigureAwait(false);
        _handlers.Clear();
    }

    /// <summary>Takes no more calls, stops what runs, drops what is suspended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isStopping)
        {
            return;
        }

        _isStopping = true;
        _watch.StopAll();
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _compiler.DisposeAsync().ConfigureAwait(false);
        await _loader.DisposeAsync().ConfigureAwait(false);
        _handlers.Dispose();
        _engine.Dispose();
        _watch.Dispose();
        _deepStack.Dispose();
    }
}
