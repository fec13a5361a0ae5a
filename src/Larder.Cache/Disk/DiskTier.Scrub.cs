using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

// Reading everything again, to find damage before a reader does.
public sealed partial class DiskTier
{
    private const int ScrubBatch = 256;

    /// <inheritdoc cref="ScrubAsync(IProgress{ScrubProgress}?, ArtifactKind?, CancellationToken)"/>
    public Task<ScrubReport> ScrubAsync(IProgress<ScrubProgress>? progress, CancellationToken cancellationToken = default) =>
        ScrubAsync(progress, null, cancellationToken);

    /// <summary>
    /// Reads and verifies every entry, digests included, within the byte rate of the options. What is damaged is set
    /// aside.
    /// </summary>
    /// <param name="progress">Told after every entry; null when nobody wants to know.</param>
    /// <param name="only">Only this kind; null for all.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    public Task<ScrubReport> ScrubAsync(
        IProgress<ScrubProgress>? progress, ArtifactKind? only, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);

        // A pass sleeps on its thread to keep to its rate.
        return Task.Factory.StartNew(
            () => ScrubCoreAsync(progress, only, cancellationToken),
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap();
    }

    private async Task RunScrubberAsync()
    {
        if (_options.ScrubInterval == TimeSpan.Zero)
        {
            return;
        }

        try
        {
            using var timer = new PeriodicTimer(_options.ScrubInterval, _time);
            while (await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false))
            {
                await GuardAsync(() => ScrubAsync(null, _closing.Token)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The tier closes.
        }
    }

    private async Task<ScrubReport> ScrubCoreAsync(
        IProgress<ScrubProgress>? progress, ArtifactKind? only, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var throttle = new ReadThrottle(_options.ScrubBytesPerSecond, _time, cancellationToken);
        long entries = 0, bytes = 0, damaged = 0, unreadable = 0;
        for (var slot = 0; ; slot += ScrubBatch)
        {
            var batch = TakeScrubBatch(slot, out var total);
            if (batch is null)
            {
                break;
            }

            foreach (var (key, kind) in batch)
            {
                if (only is { } wanted && key.Kind != wanted)
                {
                    continue;
                }

                var (outcome, length) = await ScrubEntryAsync(key, kind, throttle, cancellationToken).ConfigureAwait(false);
                if (outcome == VerifierOutcome.Foreign)
                {
                    continue;
                }

                entries++;
                bytes += length;
                damaged += outcome == VerifierOutcome.Damaged ? 1 : 0;
                unreadable += outcome == VerifierOutcome.Failed ? 1 : 0;
                progress?.Report(new ScrubProgress(entries, total, bytes, damaged));
            }
        }

        Log.Scrubbed(_logger, _paths.Root, entries, damaged);
        return new ScrubReport(entries, bytes, damaged, unreadable, _time.GetElapsedTime(started));
    }

    private List<(ArtifactKey Key, DiskKind Kind)>? TakeScrubBatch(int start, out int total)
    {
        lock (_gate)
        {
            total = _index.Count;
            if (start >= _index.SlotLimit)
            {
                return null;
            }

            var batch = new List<(ArtifactKey, DiskKind)>();
            for (var slot = start; slot < Math.Min(start + ScrubBatch, _index.SlotLimit); slot++)
            {
                ref var entry = ref _index[slot];
                if ((entry.Flags & DiskSlotFlags.Live) != 0)
                {
                    var kind = _kindsById[entry.Kind];
                    batch.Add((new ArtifactKey(kind.Kind, entry.Fingerprint), kind));
                }
            }

            return batch;
        }
    }

    // Foreign means that there is no such entry any more. The slow read holds no lock; a finding is confirmed under
    // the key's lock before anything is moved.
    private async ValueTask<(VerifierOutcome Outcome, long Length)> ScrubEntryAsync(
        ArtifactKey key, DiskKind kind, ReadThrottle throttle, CancellationToken cancellationToken)
    {
        var (outcome, length) = VerifyAtPath(key, kind, throttle, cancellationToken);
        if (outcome is VerifierOutcome.Verified or VerifierOutcome.Foreign or VerifierOutcome.Failed)
        {
            return (outcome, length);
        }

        await _keys.TakeAsync(key, cancellationToken).ConfigureAwait(false);
        try
        {
            // Raw metadata may lie under their other name: an ordinary lookup finds and mends that.
            var (opened, content) = await OpenEntryAsync(key, kind, NextTurn(), cancellationToken).ConfigureAwait(false);
            content?.Release();
            if (opened != OpenOutcome.Found)
            {
                return (opened == OpenOutcome.Failed ? VerifierOutcome.Failed : VerifierOutcome.Damaged, length);
            }

            (outcome, length) = VerifyAtPath(key, kind, null, cancellationToken);
            if (outcome is VerifierOutcome.Damaged or VerifierOutcome.Unframed)
            {
                SetAside(key, kind);
                return (VerifierOutcome.Damaged, length);
            }

            return (outcome, length);
        }
        finally
        {
            _keys.Release(key);
        }
    }

    private (VerifierOutcome Outcome, long Length) VerifyAtPath(
        ArtifactKey key, DiskKind kind, ReadThrottle? throttle, CancellationToken cancellationToken)
    {
        var error = OpenRead(_paths.Payload(key), out var file);
        if (error != Errno.None)
        {
            if (!error.IsAbsent())
            {
                NoteFailure(error, "open", key);
            }

            return (error.IsAbsent() ? VerifierOutcome.Foreign : VerifierOutcome.Failed, 0);
        }

        using (file)
        {
            var result = Verify(file!, null);
            if (result.Outcome == VerifierOutcome.Unframed
                && OpenRead(_paths.Metadata(key), out var metadataFile) == Errno.None)
            {
                using (metadataFile)
                {
                    result = Verify(file!, metadataFile);
                }
            }

            if (result.Outcome == VerifierOutcome.Failed)
            {
                NoteFailure(result.Error, "read", key);
            }

            return (result.Outcome, result.Metadata?.Length ?? 0);
        }

        VerifierResult Verify(SafeFileHandle payload, SafeFileHandle? metadata) => EntryVerifier.Verify(
            Io, payload, metadata, key, new VerifierDepth(kind.Options.ContentAddressed, Digest: true, throttle), 0, 0, cancellationToken);
    }
}
