using System.Collections.Concurrent;
using System.Threading.Channels;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Remote;

// Uploads: a queue that is bounded in entries and bytes and a fixed number of workers. A job holds its lease, so that
// the bytes stay where they are until it ends: sent, given up, removed or dropped when the tier closes.
public sealed partial class RemoteTier
{
    // Longest wait for the circuit between two looks at a job's age and cancellation.
    private static readonly TimeSpan CircuitPoll = TimeSpan.FromSeconds(1);

    // Unbounded by itself: room is booked in _queuedEntries and _queuedBytes before a job goes in.
    private readonly Channel<UploadJob> _queue = Channel.CreateUnbounded<UploadJob>();

    // The jobs that have not ended, so that a key is queued once and a flush knows what to wait for.
    private readonly ConcurrentDictionary<ArtifactKey, UploadJob> _pending = new();
    private readonly Task[] _workers;
    private readonly Lock _bookGate = new();

    // Guarded by _bookGate; read without it for statistics.
    private long _queuedEntries;
    private long _queuedBytes;
    private long _uploaded;
    private long _givenUp;
    private long _dropped;
    private long _sent;

    // Timestamp until which uploads are dropped because the store said that this node may not write; 0 when it did not.
    private long _writesRefusedAt;

    /// <summary>Queues an artifact for upload. Never waits.</summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="lease">Reads it. On true the tier owns it; on false it stays the caller's.</param>
    /// <returns>
    /// True when it is queued, or was already. Other bytes under the same key that still wait give way to it. False
    /// when there is no room, the tier is read-only or closed, the store lately refused this node's writes, the artifact
    /// is larger than any that is sent, or other bytes under the same key are just being sent.
    /// </returns>
    public bool TryEnqueue(ArtifactKey key, ArtifactLease lease)
    {
        var length = lease.Metadata.Length;
        if (_options.Writers == 0 || Volatile.Read(ref _closed) != 0 || length > _options.MaxEntryBytes || AreWritesRefused())
        {
            return Drop(key);
        }

        if (!TryBook(length))
        {
            return Drop(key);
        }

        var job = new UploadJob(key, lease, _time.GetTimestamp());
        while (!_pending.TryAdd(key, job))
        {
            if (!_pending.TryGetValue(key, out var other))
            {
                continue;
            }

            if (other.Content.Metadata.Digest == lease.Metadata.Digest)
            {
                Unbook(length);
                job.Dispose();
                return true;
            }

            if (!other.TryStart())
            {
                // Two uploads of one key at a time could end in the wrong order.
                Unbook(length);
                return Drop(key);
            }

            // Newer bytes take the place of older ones that still wait.
            End(other, ref _givenUp);
            CountersOf(key.Kind).CountRefused();
        }

        if (_queue.Writer.TryWrite(job))
        {
            return true;
        }

        // Closed meanwhile. The lease goes back to the caller, so it is not disposed here.
        _pending.TryRemove(new KeyValuePair<ArtifactKey, UploadJob>(key, job));
        Unbook(length);
        job.End();
        return Drop(key);
    }

    /// <summary>Whether the queue has room for an artifact of that many bytes; out of date as soon as it is read.</summary>
    public bool HasRoom(long length)
    {
        lock (_bookGate)
        {
            return _queuedEntries < _options.QueueEntries && length <= _options.QueueBytes - _queuedBytes;
        }
    }

    /// <summary>
    /// Waits until every upload that was queued before the call has ended, well or badly. What comes meanwhile is not
    /// waited for.
    /// </summary>
    /// <returns>The figures after that.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first; the uploads go on.</exception>
    public async ValueTask<DurabilityReport> FlushAsync(CancellationToken cancellationToken)
    {
        foreach (var job in _pending.Values)
        {
            await job.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        return new DurabilityReport(
            Interlocked.Read(ref _queuedEntries),
            Interlocked.Read(ref _uploaded),
            Interlocked.Read(ref _givenUp) + Interlocked.Read(ref _dropped));
    }

    private Task[] StartWorkers()
    {
        var workers = new Task[_options.Writers];
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i] = Task.Run(WorkAsync);
        }

        return workers;
    }

    private async Task StopWorkersAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAll(_workers).ConfigureAwait(false);
        while (_queue.Reader.TryRead(out var job))
        {
            if (!job.TryStart())
            {
                continue;
            }

            End(job, ref _givenUp);
            CountersOf(job.Key.Kind).CountRefused();
        }
    }

    private async Task WorkAsync()
    {
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            while (!_closing.IsCancellationRequested && _queue.Reader.TryRead(out var job))
            {
                if (job.TryStart())
                {
                    await RunAsync(job).ConfigureAwait(false);
                }
            }

            if (_closing.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task RunAsync(UploadJob job)
    {
        var counters = CountersOf(job.Key.Kind);
        try
        {
            var outcome = await UploadAsync(job).ConfigureAwait(false);
            if (outcome == PutOutcome.Stored)
            {
                counters.CountStored();
            }
            else
            {
                counters.CountRefused();
            }

            if (outcome is PutOutcome.Stored or PutOutcome.AlreadyPresent)
            {
                Interlocked.Add(ref _sent, job.Content.Length);
                End(job, ref _uploaded);
                return;
            }

            if (!job.IsCancelled && !_closing.IsCancellationRequested)
            {
                RemoteLog.UploadGivenUp(_log, _store.Name, job.Key, $"{outcome}; {Volatile.Read(ref _lastError)}");
            }

            End(job, ref _givenUp);
        }
        catch (Exception exception)
        {
            // A defect, not trouble with the store, which UploadAsync turns into outcomes. The worker lives on.
            RemoteLog.WorkerFailed(_log, _store.Name, exception);
            Interlocked.Increment(ref _errors);
            End(job, ref _givenUp);
        }
    }

    private async Task<PutOutcome> UploadAsync(UploadJob job)
    {
        using var joined = CancellationTokenSource.CreateLinkedTokenSource(job.Cancelled, _closing.Token);
        for (var attempt = 1; await WaitForCircuitAsync(job, joined.Token).ConfigureAwait(false) is { } pass; attempt++)
        {
            TimeSpan? asked = null;
            var time = _options.LookupTimeout + TimeSpan.FromSeconds((double)job.Content.Length / _options.MinBytesPerSecond);
            using var deadline = new Deadline(time, _time, job.Cancelled, _closing.Token);
            try
            {
                using var content = new ContentStream(job.Content);
                var outcome = await _store.PutAsync(job.Key, job.Content.Metadata, content, deadline.Token).ConfigureAwait(false);
                _circuit.Succeeded(pass);
                if (outcome == PutOutcome.Disabled)
                {
                    Interlocked.Exchange(ref _writesRefusedAt, Math.Max(1, _time.GetTimestamp()));
                }

                return outcome;
            }
            catch (CacheException exception) when (exception.Kind is CacheErrorKind.Damaged or CacheErrorKind.Io)
            {
                // The local copy cannot be read; the store is not to blame and another attempt reads the same.
                _circuit.Abandoned(pass);
                Interlocked.Increment(ref _errors);
                Volatile.Write(ref _lastError, exception.Message);
                return PutOutcome.Unavailable;
            }
            catch (OperationCanceledException) when (joined.IsCancellationRequested)
            {
                _circuit.Abandoned(pass);
                return PutOutcome.Unavailable;
            }
            catch (Exception exception)
            {
                asked = (exception as CacheException)?.RetryAfter;
                var transient = ReportFailure(exception, pass, job.Key, deadline)
                    || exception is OperationCanceledException or CacheException { InnerException: TimeoutException };
                if (!transient || attempt >= _options.WriteAttempts)
                {
                    return PutOutcome.Unavailable;
                }
            }

            Interlocked.Increment(ref _retries);
            if (!await SleepAsync(DelayBefore(attempt + 1, _options.RetryDelay, asked), joined.Token).ConfigureAwait(false))
            {
                return PutOutcome.Unavailable;
            }
        }

        return PutOutcome.Unavailable;
    }

    /// <summary>Waits until the circuit lets the job pass; null when the job is too old, cancelled or the tier closes.</summary>
    private async ValueTask<long?> WaitForCircuitAsync(UploadJob job, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested
            && _time.GetElapsedTime(job.QueuedAt) < _options.MaxWriteAge
            && !AreWritesRefused())
        {
            if (_circuit.TryEnter(out var pass))
            {
                return pass;
            }

            var wait = _circuit.RetryIn;
            wait = wait > CircuitPoll ? CircuitPoll : wait < TimeSpan.FromMilliseconds(10) ? TimeSpan.FromMilliseconds(10) : wait;
            if (!await SleepAsync(wait, cancellationToken).ConfigureAwait(false))
            {
                return null;
            }
        }

        return null;
    }

    private async ValueTask<bool> SleepAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private bool AreWritesRefused()
    {
        var refusedAt = Interlocked.Read(ref _writesRefusedAt);
        return refusedAt != 0 && _time.GetElapsedTime(refusedAt) < _options.RefusedWritePause;
    }

    /// <summary>Takes an artifact out of the queue; an upload in flight is stopped and waited for.</summary>
    private async ValueTask CancelPendingAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        if (!_pending.TryRemove(key, out var job))
        {
            return;
        }

        if (job.TryStart())
        {
            End(job, ref _givenUp);
            CountersOf(key.Kind).CountRefused();
            return;
        }

        await job.CancelAsync().ConfigureAwait(false);
        await job.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private bool TryBook(long length)
    {
        lock (_bookGate)
        {
            if (_queuedEntries >= _options.QueueEntries || length > _options.QueueBytes - _queuedBytes)
            {
                return false;
            }

            _queuedEntries++;
            _queuedBytes += length;
            return true;
        }
    }

    private void Unbook(long length)
    {
        lock (_bookGate)
        {
            _queuedEntries--;
            _queuedBytes -= length;
        }
    }

    private bool Drop(ArtifactKey key)
    {
        Interlocked.Increment(ref _dropped);
        CountersOf(key.Kind).CountRefused();
        return false;
    }

    private void End(UploadJob job, ref long counter)
    {
        _pending.TryRemove(new KeyValuePair<ArtifactKey, UploadJob>(job.Key, job));
        job.Dispose();
        Unbook(job.Content.Length);
        Interlocked.Increment(ref counter);
        job.End();
    }
}
