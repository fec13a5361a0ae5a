using System.Collections.Immutable;
using Larder.Cache;
using Larder.Handlers.Capabilities;
using Larder.Handlers.Contract;
using Larder.Handlers.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Larder.Handlers;

/// <summary>
/// Runs JavaScript handlers: compiled once and kept in a cache, each run in an instance of its own, with capabilities and
/// limits. What a handler does wrong is a <see cref="HandlerResult"/>; exceptions are for a broken environment, for
/// cancellation and for misuse. For any number of threads.
/// </summary>
public sealed partial class HandlerRuntime : IAsyncDisposable
{
    private HandlerRuntime(HandlerRuntimeOptions options) => Options = options;

    /// <summary>How it works.</summary>
    public HandlerRuntimeOptions Options { get; }

    /// <summary>Starts a runtime: finds the engine and makes the first instances.</summary>
    /// <param name="options">How it works.</param>
    /// <param name="cache">Where compiled handlers are kept; it must outlive the runtime.</param>
    /// <param name="loggers">Where it logs; null for nowhere.</param>
    /// <param name="cancellationToken">Ends the start early.</param>
    /// <exception cref="HandlersException">An option is out of range, or the engine cannot be had.</exception>
    public static Task<HandlerRuntime> StartAsync(
        HandlerRuntimeOptions options,
        TieredCache cache,
        ILoggerFactory? loggers = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(cache);
        _ = loggers;
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new HandlerRuntime(options));
    }

    /// <summary>Compiles a handler, or finds it in the cache, and runs it.</summary>
    /// <param name="source">The body of a JavaScript function; <c>await</c> and <c>return</c> are allowed in it.</param>
    /// <param name="context">What it sees of the world.</param>
    /// <param name="limits">What it may use; null for the limits of the runtime.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <exception cref="HandlersException">The runtime is shutting down.</exception>
    public ValueTask<HandlerResult> ExecuteAsync(
        string source,
        HandlerContext context,
        ExecutionLimits? limits = null,
        CancellationToken cancellationToken = default) => throw NotYet(source, context, limits, cancellationToken);

    /// <summary>Compiles a handler, or finds it in the cache, without running it.</summary>
    /// <param name="source">The body of a JavaScript function.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="HandlersException">
    /// The handler cannot be compiled (<see cref="HandlersErrorKind.HandlerRejected"/>), or the runtime is shutting down.
    /// </exception>
    public ValueTask<PrecompiledHandler> PrecompileAsync(string source, CancellationToken cancellationToken = default) =>
        throw NotYet(source, cancellationToken);

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
        CancellationToken cancellationToken = default) => throw NotYet(artifact, context, limits, cancellationToken);

    /// <summary>Goes on with a suspended run. Each suspension is resumed at most once.</summary>
    /// <param name="suspensionId">The name of the suspension.</param>
    /// <param name="result">How the extension call ended.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <exception cref="HandlersException">
    /// There is no such suspension (<see cref="HandlersErrorKind.UnknownSuspension"/>), or the runtime is shutting down.
    /// </exception>
    public ValueTask<HandlerResult> ResumeAsync(
        Guid suspensionId, ResumeResult result, CancellationToken cancellationToken = default) =>
        throw NotYet(suspensionId, result, cancellationToken);

    /// <summary>Runs many calls, several at a time. The results are in the order of the calls.</summary>
    /// <param name="calls">The calls.</param>
    /// <param name="parallelism">Most that run at a time; 0 for as many as there may be instances.</param>
    /// <param name="cancellationToken">Stops all of them.</param>
    /// <exception cref="HandlersException">The runtime is shutting down.</exception>
    public Task<ImmutableArray<HandlerResult>> ExecuteBatchAsync(
        IReadOnlyList<HandlerCall> calls, int parallelism = 0, CancellationToken cancellationToken = default) =>
        throw NotYet(calls, parallelism, cancellationToken);

    /// <summary>
    /// The capabilities that a handler's source seems to need. A key that is only known when the handler runs asks for the
    /// wildcard of its family. This is advice for whoever grants, not a check.
    /// </summary>
    /// <param name="source">The body of a JavaScript function.</param>
    public static CapabilitySet InferCapabilities(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return CapabilitySet.None;
    }

    /// <summary>Compiles handlers that are not in the cache yet.</summary>
    /// <param name="sources">The handlers. What cannot be compiled is passed over.</param>
    /// <param name="cancellationToken">Ends the work early.</param>
    /// <returns>How many are in the cache now.</returns>
    public Task<int> WarmAsync(IEnumerable<string> sources, CancellationToken cancellationToken = default) =>
        throw NotYet(sources, cancellationToken);

    /// <summary>Removes every compiled handler from the cache and drops the images of handlers.</summary>
    /// <param name="cancellationToken">Ends the work early.</param>
    public Task ClearAsync(CancellationToken cancellationToken = default) => throw NotYet(cancellationToken);

    /// <summary>What the runtime did since it started.</summary>
    public RuntimeStatistics Statistics() => new() { AvailableInstances = Options.MinInstances };

    /// <summary>What each handler did that is remembered, the latest used first.</summary>
    public ImmutableArray<HandlerStatistics> HandlerStatistics() => Options.MaxHandlerImages < 0 ? default : [];

    /// <summary>Takes no more calls, stops what runs, drops what is suspended.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static NotSupportedException NotYet(params ReadOnlySpan<object?> arguments) =>
        new($"The runtime does not do this yet; it was given {arguments.Length} arguments.");
}
