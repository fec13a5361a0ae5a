using System.Collections.Concurrent;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Storage;

/// <summary>
/// The cache as a client on the wire may see it: whatever goes wrong in a tier is a miss or a put that was not stored,
/// and comes within a deadline.
/// </summary>
/// <remarks>
/// An operation that outlives its deadline is left to end by itself: its lease or writer is disposed when it does, and
/// <see cref="DisposeAsync"/> waits for it. Every lease handed out is counted until it is disposed. Safe for many threads.
/// </remarks>
internal sealed class ArtifactStore : IAsyncDisposable
{
    // Most operations past their deadline; with more, lookups are misses at once.
    private const int MaxOverdue = 1024;

    private readonly TieredCache _cache;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly TimeSpan _lookupDeadline;

    private readonly CancellationTokenSource _closing = new();

    // Operations past their deadline, until they end.
    private readonly ConcurrentDictionary<Task, byte> _overdue = new();
    private int _overdueCount;
    private long _liveLeases;
    private long _lookupFailures;
    private long _lookupTimeouts;
    private long _readFailures;
    private long _writeFailures;

    public ArtifactStore(TieredCache cache, TimeSpan lookupDeadline, TimeProvider clock, ILogger logger)
    {
        _cache = cache;
        _lookupDeadline = lookupDeadline;
        _clock = clock;
        _logger = logger;
    }

    // So many operations hang that asking further would only add to them.
    private bool IsOverwhelmed
    {
        get
        {
            if (Volatile.Read(ref _overdueCount) < MaxOverdue)
            {
                return false;
            }

            Interlocked.Increment(ref _lookupTimeouts);
            return true;
        }
    }

    /// <summary>The cache itself, for statistics and maintenance.</summary>
    public TieredCache Cache => _cache;

    /// <summary>Leases that somebody still holds.</summary>
    public long LiveLeases => Volatile.Read(ref _liveLeases);

    /// <summary>Lookups that failed and were answered as misses.</summary>
    public long LookupFailures => Volatile.Read(ref _lookupFailures);

    /// <summary>Lookups that took too long and were answered as misses.</summary>
    public long LookupTimeouts => Volatile.Read(ref _lookupTimeouts);

    /// <summary>Hits whose bytes could not be read afterwards.</summary>
    public long ReadFailures => Volatile.Read(ref _readFailures);

    /// <summary>Puts that failed.</summary>
    public long WriteFailures => Volatile.Read(ref _writeFailures);

    /// <summary>Operations past their deadline that have not ended yet.</summary>
    public int Overdue => Volatile.Read(ref _overdueCount);

    /// <summary>Hears of every lookup that missed, whatever the cause; must be quick and must not throw.</summary>
    public Action<ArtifactKey>? Missed { get; set; }

    /// <summary>
    /// Looks the artifact up; a miss when it is absent, when a tier fails, or when the deadline passes first.
    /// </summary>
    /// <param name="key">What to look for.</param>
    /// <param name="isAtHand">False when <see cref="TryGetAtHand"/> was asked in vain.</param>
    public ValueTask<StoredArtifact> GetAsync(ArtifactKey key, bool isAtHand = true)
    {
        if (IsOverwhelmed)
        {
            return default;
        }

        try
        {
            var pending = isAtHand ? _cache.GetAsync(key, _closing.Token) : _cache.GetElsewhereAsync(key, _closing.Token);
            return pending.IsCompletedSuccessfully
                ? new ValueTask<StoredArtifact>(Found(key, pending.Result))
                : AwaitLookupAsync(key, pending.AsTask());
        }
        catch (Exception exception)
        {
            ReportLookup(key, exception);
            return default;
        }
    }

    /// <summary>Looks where no waiting is needed; false says nothing.</summary>
    public bool TryGetAtHand(ArtifactKey key, out StoredArtifact artifact)
    {
        try
        {
            var isHit = _cache.TryGetAtHand(key, out var lease);
            artifact = Track(lease);
            return isHit;
        }
        catch (Exception exception)
        {
            ReportLookup(key, exception);
            artifact = default;
            return false;
        }
    }

    /// <summary>Looks only where nothing can block.</summary>
    public StoredArtifact GetFromMemory(ArtifactKey key)
    {
        if (_cache.Memory is { } memory && _cache.OptionsFor(key.Kind).Memory)
        {
            return Track(memory.Get(key));
        }

        return default;
    }

    /// <summary>Counts a lookup that passed its deadline.</summary>
    public void CountTimeout() => Interlocked.Increment(ref _lookupTimeouts);

    /// <summary>Whether a lookup now would probably hit; false in every doubt.</summary>
    public async ValueTask<bool> ContainsAsync(ArtifactKey key)
    {
        try
        {
            var pending = IsOverwhelmed ? default : _cache.ContainsAsync(key, _closing.Token);
            return pending.IsCompletedSuccessfully
                ? pending.Result
                : await WithinDeadlineAsync(pending.AsTask()).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            ReportLookup(key, exception);
            return false;
        }
    }

    /// <summary>Stores bytes that are at hand.</summary>
    public async ValueTask<PutOutcome> PutAsync(
        ArtifactKey key, ReadOnlyMemory<byte> content)
    {
        try
        {
            var description = ArtifactWriter.AsWritten with { CreatedAt = _clock.GetUtcNow() };
            var pending = _cache.PutAsync(key, content, description, _closing.Token);
            return pending.IsCompletedSuccessfully
                ? pending.Result
                : await WithinDeadlineAsync(pending.AsTask()).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            ReportWrite(key, exception);
            return PutOutcome.Unavailable;
        }
    }

    /// <summary>Removes an artifact; false when there was none, and in every doubt.</summary>
    public async ValueTask<bool> RemoveAsync(ArtifactKey key)
    {
        try
        {
            var pending = _cache.RemoveAsync(key, _closing.Token);
            return pending.IsCompletedSuccessfully
                ? pending.Result
                : await WithinDeadlineAsync(pending.AsTask()).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            ReportWrite(key, exception);
            return false;
        }
    }

    /// <summary>Begins to write; null when the cache cannot take anything.</summary>
    public ArtifactWriter? BeginWrite(ArtifactKey key, long length)
    {
        try
        {
            return _cache.BeginWrite(key, length);
        }
        catch (Exception exception)
        {
            ReportWrite(key, exception);
            return null;
        }
    }

    /// <summary>Counts a lease that a commit gave.</summary>
    public StoredArtifact Track(ArtifactLease lease)
    {
        if (!lease.IsHit)
        {
            return default;
        }

        Interlocked.Increment(ref _liveLeases);
        return new StoredArtifact(lease, this);
    }

    /// <summary>Called when a counted lease is disposed.</summary>
    public void Forget() => Interlocked.Decrement(ref _liveLeases);

    /// <summary>Takes an operation that nobody waits for any longer.</summary>
    public void Abandon(Task operation)
    {
        if (!_overdue.TryAdd(operation, 0))
        {
            return;
        }

        Interlocked.Increment(ref _overdueCount);
        operation.ContinueWith(
            static (ended, state) =>
            {
                _ = ended.Exception;
                var store = (ArtifactStore)state!; // Not null: it is passed below.
                store._overdue.TryRemove(ended, out _);
                Interlocked.Decrement(ref store._overdueCount);
            },
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Counts and logs bytes that could not be read.</summary>
    public void ReportRead(Exception exception)
    {
        Interlocked.Increment(ref _readFailures);
        Log.ReadFailed(_logger, exception);
    }

    /// <summary>Counts and logs a put that failed.</summary>
    public void ReportWrite(ArtifactKey key, Exception exception)
    {
        Interlocked.Increment(ref _writeFailures);
        Log.WriteFailed(_logger, key, exception);
    }

    /// <summary>Cancels what is overdue and waits for it; the cache stays open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        while (!_overdue.IsEmpty)
        {
            await Task.WhenAll(_overdue.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Yield();
        }

        _closing.Dispose();
    }

    private StoredArtifact Found(ArtifactKey key, ArtifactLease lease)
    {
        if (!lease.IsHit)
        {
            Missed?.Invoke(key);
        }

        return Track(lease);
    }

    private async ValueTask<StoredArtifact> AwaitLookupAsync(
        ArtifactKey key, Task<ArtifactLease> pending)
    {
        try
        {
            return Found(key, await WithinDeadlineAsync(pending).ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            if (!pending.IsCompleted)
            {
                Abandon(DisposeLeaseAsync(pending));
            }

            ReportLookup(key, exception);
            return default;
        }
    }

    // What takes longer goes on: a large artifact that is being verified is a hit next time.
    private async ValueTask<TResult> WithinDeadlineAsync<TResult>(Task<TResult> pending)
    {
        try
        {
            return await pending.WaitAsync(_lookupDeadline, _clock).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!pending.IsCompleted)
        {
            Abandon(pending);
            throw;
        }
    }

    private static async Task DisposeLeaseAsync(Task<ArtifactLease> pending)
    {
        var lease = await pending.ConfigureAwait(false);
        lease.Dispose();
    }

    private void ReportLookup(ArtifactKey key, Exception exception)
    {
        if (exception is TimeoutException)
        {
            Interlocked.Increment(ref _lookupTimeouts);
            Log.LookupTimedOut(_logger, key, _lookupDeadline);
            return;
        }

        Interlocked.Increment(ref _lookupFailures);
        Log.LookupFailed(_logger, key, exception);
    }
}
