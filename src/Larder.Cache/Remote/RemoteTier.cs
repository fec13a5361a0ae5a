using System.Collections.Concurrent;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Cache.Remote;

/// <summary>
/// The tier on a store that other nodes share. Lookups fetch verified artifacts within a deadline; puts are queued and
/// sent behind the caller's back. Trouble with the store is an outcome here, never an exception.
/// </summary>
/// <remarks>
/// One circuit breaker stands before every request, so that a dead or slow store costs each caller at most
/// <see cref="RemoteTierOptions.LookupTimeout"/>, once, and nothing until it is found well again. That something is
/// present is never remembered: shared stores drop entries silently. The upload queue is bounded in entries and
/// bytes and drops what does not fit. All members are safe for use by many threads.
/// </remarks>
public sealed partial class RemoteTier : IAsyncDisposable
{
    private readonly IRemoteStore _store;
    private readonly RemoteTierOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CircuitBreaker _circuit;

    // Never disposed: a lookup that comes while the tier closes still finds them and is refused by their state. Without
    // timers and wait handles they hold nothing that the collector does not take.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _reads;
    private readonly CancellationTokenSource _closing = new();
#pragma warning restore CA2213

    private readonly ConcurrentDictionary<ArtifactKind, RemoteKindCounters> _kinds = new();
    private long _errors;
    private long _damaged;
    private long _retries;
    private long _received;
    private string? _lastError;
    private int _closed;

    /// <summary>Opens the tier. Nothing is sent until the first lookup or put.</summary>
    /// <param name="options">How it behaves and which store it uses.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <param name="logger">Where failures are logged; null for nowhere.</param>
    /// <exception cref="CacheException">An option is out of range.</exception>
    public RemoteTier(RemoteTierOptions options, TimeProvider? timeProvider = null, ILogger<RemoteTier>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _time = timeProvider ?? TimeProvider.System;
        _log = logger ?? NullLogger<RemoteTier>.Instance;
        _store = options.Store ?? new HttpRemoteStore(options.Http!, _time); // Validate: one of the two is given.
        _circuit = new CircuitBreaker(
            options.CircuitThreshold, options.CircuitOpenTime, options.MaxCircuitOpenTime, _time);
        _reads = new SemaphoreSlim(options.MaxReads);
        _workers = StartWorkers();
    }

    /// <summary>
    /// Whether the store says that it has the artifact now; false as well when it cannot be asked. It may be gone, or
    /// turn out damaged, a moment later.
    /// </summary>
    public async ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        var (answered, present) = await AskAsync(
            static (store, key, token) => store.ContainsAsync(key, token), key, cancellationToken).ConfigureAwait(false);
        return answered && present;
    }

    /// <summary>
    /// Takes the artifact out of the upload queue and asks the store to remove it. False when the store did not have
    /// it, and as well when it could not be asked; the latter is counted as an error.
    /// </summary>
    public async ValueTask<bool> RemoveAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        await CancelPendingAsync(key, cancellationToken).ConfigureAwait(false);
        var (answered, removed) = await AskAsync(
            static (store, key, token) => store.RemoveAsync(key, token), key, cancellationToken).ConfigureAwait(false);
        if (answered && removed)
        {
            CountersOf(key.Kind).CountRemoved();
        }

        return answered && removed;
    }

    /// <summary>One snapshot of the figures. Entries are those that this node has put and not removed.</summary>
    public TierStatistics GetStatistics()
    {
        var kinds = _kinds.Values.Select(kind => kind.Snapshot()).OrderBy(kind => kind.Kind, StringComparer.Ordinal).ToArray();
        return new TierStatistics
        {
            Tier = TierKind.Remote,
            Entries = kinds.Sum(kind => kind.Entries),
            ReservedBytes = Interlocked.Read(ref _queuedBytes),
            CapacityBytes = -1,
            MaxEntries = -1,
            Errors = Interlocked.Read(ref _errors),
            Kinds = kinds,
        };
    }

    /// <summary>The circuit, the upload queue and the latest failure.</summary>
    public RemoteTierStatus GetStatus() => new()
    {
        Store = _store.Name,
        Circuit = _circuit.State,
        CircuitOpenings = _circuit.TimesOpened,
        QueuedEntries = Interlocked.Read(ref _queuedEntries),
        QueuedBytes = Interlocked.Read(ref _queuedBytes),
        Uploaded = Interlocked.Read(ref _uploaded),
        GivenUp = Interlocked.Read(ref _givenUp),
        Dropped = Interlocked.Read(ref _dropped),
        Retries = Interlocked.Read(ref _retries),
        Damaged = Interlocked.Read(ref _damaged),
        ReceivedBytes = Interlocked.Read(ref _received),
        SentBytes = Interlocked.Read(ref _sent),
        LastError = Volatile.Read(ref _lastError),
        TurnsTaken = Interlocked.Read(ref _turnsTaken),
        TurnsServed = Interlocked.Read(ref _turnsServed),
        TurnsAlone = Interlocked.Read(ref _turnsAlone),
    };

    /// <summary>
    /// Stops lookups and uploads, gives back every lease that waits in the queue and closes the store. Call
    /// <see cref="FlushAsync"/> first to send what waits.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        await StopWorkersAsync().ConfigureAwait(false);
        await EndTurnsAsync().ConfigureAwait(false);
        for (var i = 0; i < _options.MaxReads; i++)
        {
            // With every place taken, no lookup uses the store any more.
            await _reads.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        await _store.DisposeAsync().ConfigureAwait(false);
    }

    private RemoteKindCounters CountersOf(ArtifactKind kind) =>
        _kinds.GetOrAdd(kind, static kind => new RemoteKindCounters(kind.Name));

    /// <summary>One attempt at a small question, within the lookup's time.</summary>
    private async ValueTask<(bool Answered, bool Answer)> AskAsync(
        Func<IRemoteStore, ArtifactKey, CancellationToken, ValueTask<bool>> question,
        ArtifactKey key,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var deadline = new Deadline(_options.LookupTimeout, _time, cancellationToken, _closing.Token);
        if (Volatile.Read(ref _closed) != 0 || !await TakeTurnAsync(deadline).ConfigureAwait(false))
        {
            return (false, false);
        }

        try
        {
            if (!_circuit.TryEnter(out var pass))
            {
                return (false, false);
            }

            try
            {
                var answer = await question(_store, key, deadline.Token).ConfigureAwait(false);
                _circuit.Succeeded(pass);
                return (true, answer);
            }
            catch (Exception exception)
            {
                ReportFailure(exception, pass, key, deadline);
                return (false, false);
            }
        }
        finally
        {
            _reads.Release();
        }
    }

    /// <summary>Waits for one of the places for reading; false when the deadline passes first.</summary>
    private async ValueTask<bool> TakeTurnAsync(Deadline deadline)
    {
        if (_reads.Wait(0, CancellationToken.None))
        {
            return true;
        }

        try
        {
            await _reads.WaitAsync(deadline.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            deadline.ThrowIfCallerGaveUp();
            return false;
        }
    }

    /// <summary>
    /// Tells the circuit, the counters and the log of a failed request; rethrows when it failed because the caller
    /// gave up. Returns whether another attempt may help.
    /// </summary>
    private bool ReportFailure(Exception exception, long pass, ArtifactKey key, Deadline deadline)
    {
        if (exception is OperationCanceledException && deadline.CallerGaveUp)
        {
            _circuit.Abandoned(pass);
            deadline.ThrowIfCallerGaveUp();
        }

        if (Volatile.Read(ref _closed) != 0)
        {
            _circuit.Abandoned(pass);
            return false;
        }

        var costly = exception is OperationCanceledException or CacheException { InnerException: TimeoutException };
        var known = exception as CacheException;
        _circuit.Failed(pass, costly, known?.RetryAfter);
        Interlocked.Increment(ref _errors);
        var message = exception switch
        {
            OperationCanceledException => $"no answer within {deadline.Length.TotalSeconds:0.###} s",
            CacheException => exception.Message,
            _ => $"{exception.GetType().Name}: {Redaction.Clean(exception.Message)}",
        };
        Volatile.Write(ref _lastError, message);
        RemoteLog.RequestFailed(_log, _store.Name, key, message);
        return !costly && (known?.IsTransient ?? true);
    }

    /// <summary>How long to wait before attempt <paramref name="attempt"/> (2 is the first that waits).</summary>
    private TimeSpan DelayBefore(int attempt, TimeSpan first, TimeSpan? asked)
    {
        var wait = first * Math.Pow(2, Math.Min(attempt - 2, 30));
        wait = wait < _options.MaxRetryDelay ? wait : _options.MaxRetryDelay;
        wait += wait * (Random.Shared.NextDouble() / 2);
        return asked > wait ? asked.Value : wait;
    }
}
