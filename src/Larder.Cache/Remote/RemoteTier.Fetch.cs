using System.Buffers;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

// Fetching: find the artifact within the lookup's time, stream it into the caller's writer within a time that grows
// with its length, and let the writer verify it. A body that breaks off is continued from where it stopped.
public sealed partial class RemoteTier
{
    private const int CopyBytes = 64 * 1024;

    // Wait before the second attempt of a lookup: somebody is waiting, so it is short.
    private static readonly TimeSpan LookupRetryDelay = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// Fetches an artifact into <paramref name="target"/> and commits it there, which verifies its digest.
    /// </summary>
    /// <param name="key">What to fetch.</param>
    /// <param name="target">
    /// Where the bytes go; nothing was written to it yet. The caller disposes it. After anything but a hit it is of no
    /// further use.
    /// </param>
    /// <param name="cancellationToken">Gives up; that is the only exception.</param>
    /// <returns>
    /// A hit: the lease that the writer's commit gave, for the caller to dispose. A miss: the store has no such
    /// artifact, or what came was damaged, too large or not taken by the writer. Throttled: the store was not asked,
    /// or failed, or did not answer in time.
    /// </returns>
    public async ValueTask<ArtifactLease> FetchAsync(
        ArtifactKey key, ArtifactWriter target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        cancellationToken.ThrowIfCancellationRequested();
        ArtifactLease lease;
        try
        {
            lease = await FetchInTurnAsync(key, target, cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException)
        {
            // The writer's own medium failed; it has said so to its own counters.
            lease = ArtifactLease.Miss;
        }

        var counters = CountersOf(key.Kind);
        switch (lease.Outcome)
        {
            case LookupOutcome.Hit:
                counters.CountHit(lease.Metadata.Length);
                break;
            case LookupOutcome.Miss:
                counters.CountMiss();
                break;
            default:
                counters.CountThrottled();
                break;
        }

        return lease;
    }

    private async ValueTask<ArtifactLease> FetchInTurnAsync(
        ArtifactKey key, ArtifactWriter target, CancellationToken cancellationToken)
    {
        // Passed over without waiting for a turn, which others may hold for as long as their time limits.
        if (Volatile.Read(ref _closed) != 0 || _circuit is { State: not CircuitState.Closed, RetryIn.Ticks: > 0 })
        {
            return ArtifactLease.Throttled;
        }

        using var deadline = new Deadline(_options.LookupTimeout, _time, cancellationToken, _closing.Token);
        if (!await TakeTurnAsync(deadline).ConfigureAwait(false))
        {
            return ArtifactLease.Throttled;
        }

        var fetch = new Fetch(key, target, deadline);
        try
        {
            return await FetchCoreAsync(fetch, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            fetch.Transfer?.Dispose();
            _reads.Release();
        }
    }

    private async ValueTask<ArtifactLease> FetchCoreAsync(Fetch fetch, CancellationToken cancellationToken)
    {
        for (var attempt = 1; _circuit.TryEnter(out var pass); attempt++)
        {
            try
            {
                if (await TryOnceAsync(fetch, pass, cancellationToken).ConfigureAwait(false))
                {
                    return fetch.Result;
                }
            }
            finally
            {
                // Without effect where the attempt has told the circuit how it ended.
                _circuit.Abandoned(pass);
            }

            var delay = DelayBefore(attempt + 1, LookupRetryDelay, fetch.RetryAfter);
            if (attempt >= _options.ReadAttempts || delay >= fetch.Deadline.Left)
            {
                return ArtifactLease.Throttled;
            }

            Interlocked.Increment(ref _retries);
            try
            {
                await Task.Delay(delay, _time, fetch.Deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return ArtifactLease.Throttled;
            }
        }

        return ArtifactLease.Throttled;
    }

    /// <summary>One attempt; true when <see cref="Fetch.Result"/> is final, false when another may help.</summary>
    private async ValueTask<bool> TryOnceAsync(Fetch fetch, long pass, CancellationToken cancellationToken)
    {
        var artifact = await OpenAsync(fetch, pass).ConfigureAwait(false);
        if (artifact is null)
        {
            return fetch.IsOver;
        }

        await using (artifact.ConfigureAwait(false))
        {
            var metadata = artifact.Metadata;
            if (metadata.Length > _options.MaxEntryBytes)
            {
                _circuit.Succeeded(pass);
                return fetch.End(ArtifactLease.Miss);
            }

            if (fetch.Expected is { } expected && (expected.Digest != metadata.Digest || expected.Length != metadata.Length))
            {
                return ReportDamage(fetch, pass, "it was replaced while it was fetched");
            }

            if (fetch.Transfer is null)
            {
                var time = _options.LookupTimeout + TimeSpan.FromSeconds((double)metadata.Length / _options.MinBytesPerSecond);
                fetch.Begin(metadata, new Deadline(time, _time, cancellationToken, _closing.Token));
            }

            return await ReceiveAsync(fetch, artifact, pass, cancellationToken).ConfigureAwait(false)
                && (fetch.IsOver || await CommitAsync(fetch, metadata, pass, cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Opens the artifact, or what is missing of it; null when that ended the attempt.</summary>
    private async ValueTask<RemoteArtifact?> OpenAsync(Fetch fetch, long pass)
    {
        var have = fetch.Target.BytesWritten;
        ByteRange? range = fetch.Expected is { } begun && have > 0 ? new ByteRange(have, begun.Length - have) : null;
        try
        {
            var artifact = await _store.GetAsync(fetch.Key, range, fetch.Deadline.Token).ConfigureAwait(false);
            if (artifact is null)
            {
                _circuit.Succeeded(pass);
                fetch.End(ArtifactLease.Miss);
            }

            return artifact;
        }
        catch (CacheException exception) when (exception.Kind == CacheErrorKind.Damaged)
        {
            ReportDamage(fetch, pass, exception.Message);
        }
        catch (Exception exception)
        {
            fetch.RetryAfter = (exception as CacheException)?.RetryAfter;
            if (!ReportFailure(exception, pass, fetch.Key, fetch.Deadline))
            {
                fetch.End(ArtifactLease.Throttled);
            }
        }

        return null;
    }

    /// <summary>Copies the body; false when it broke off and may be continued.</summary>
    private async ValueTask<bool> ReceiveAsync(
        Fetch fetch, RemoteArtifact artifact, long pass, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(CopyBytes, Math.Max(1, artifact.Range.Length)));
        try
        {
            for (var left = artifact.Range.Length; left > 0;)
            {
                int read;
                try
                {
                    var wanted = buffer.AsMemory(0, (int)Math.Min(left, buffer.Length));
                    read = await artifact.Content.ReadAsync(wanted, fetch.Deadline.Token).ConfigureAwait(false);
                    if (read == 0)
                    {
                        throw new CacheException(CacheErrorKind.Remote, "the body ended early") { IsTransient = true };
                    }
                }
                catch (CacheException exception) when (exception.Kind == CacheErrorKind.Damaged)
                {
                    return ReportDamage(fetch, pass, exception.Message);
                }
                catch (Exception exception)
                {
                    return !ReportFailure(exception, pass, fetch.Key, fetch.Deadline) && fetch.End(ArtifactLease.Throttled);
                }

                left -= read;
                Interlocked.Add(ref _received, read);
                var taken = await fetch.Target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                if (taken != PutOutcome.Stored)
                {
                    _circuit.Succeeded(pass);
                    return fetch.End(ArtifactLease.Miss);
                }
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<bool> CommitAsync(
        Fetch fetch, ArtifactMetadata metadata, long pass, CancellationToken cancellationToken)
    {
        var (outcome, lease) = await fetch.Target.CommitAsync(metadata, cancellationToken).ConfigureAwait(false);
        if (outcome == PutOutcome.DigestMismatch)
        {
            lease.Dispose();
            return ReportDamage(fetch, pass, "its bytes do not have its digest");
        }

        _circuit.Succeeded(pass);
        if (!lease.IsHit)
        {
            return fetch.End(ArtifactLease.Miss);
        }

        return fetch.End(lease.Source == TierKind.Remote ? lease : new ArtifactLease(lease.Content, TierKind.Remote));
    }

    /// <summary>Ends the fetch as a miss: what came is not the artifact, and asking again would give the same.</summary>
    private bool ReportDamage(Fetch fetch, long pass, string problem)
    {
        _circuit.Failed(pass, costly: false, retryAfter: null);
        Interlocked.Increment(ref _errors);
        Interlocked.Increment(ref _damaged);
        Volatile.Write(ref _lastError, $"{fetch.Key} is damaged: {problem}");
        RemoteLog.Damaged(_log, _store.Name, fetch.Key, problem);
        return fetch.End(ArtifactLease.Miss);
    }

    /// <summary>The state of one fetch over its attempts. For one thread.</summary>
    private sealed class Fetch(ArtifactKey key, ArtifactWriter target, Deadline lookup)
    {
        public ArtifactKey Key { get; } = key;

        public ArtifactWriter Target { get; } = target;

        /// <summary>What the first answer said; null until then.</summary>
        public ArtifactMetadata? Expected { get; private set; }

        /// <summary>The time limit of the body; null until the first answer.</summary>
        public Deadline? Transfer { get; private set; }

        public Deadline Deadline => Transfer ?? lookup;

        public TimeSpan? RetryAfter { get; set; }

        public bool IsOver { get; private set; }

        public ArtifactLease Result { get; private set; }

        public void Begin(ArtifactMetadata expected, Deadline transfer) => (Expected, Transfer) = (expected, transfer);

        public bool End(ArtifactLease result)
        {
            (Result, IsOver) = (result, true);
            return true;
        }
    }
}
