using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

// Opening the directory, and the loops that live as long as the tier.
public sealed partial class DiskTier
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly Quarantine _quarantine;

    private void OpenDirectories()
    {
        try
        {
            Directory.CreateDirectory(_paths.Root);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CacheException(
                CacheErrorKind.Unavailable, $"The cache directory {_paths.Root} cannot be made: {exception.Message}", exception);
        }

        if (IsOwner)
        {
            _ownership = OwnershipLock.Take(Io, _paths);
        }

        var error = Io.MakeDirectory(_paths.Temporary);
        error = error is Errno.None or Errno.Exists ? _temporary.Open() : error;
        if (error.IsReadOnly() || error == Errno.NoSpace)
        {
            // It can still be read.
            Volatile.Write(ref _readOnlySince, error.IsReadOnly() ? _time.GetTimestamp() : -1);
            CountError();
            Log.ReadOnly(_logger, _paths.Root, (int)error);
        }
        else if (error != Errno.None)
        {
            throw new CacheException(
                CacheErrorKind.Unavailable, $"The cache directory {_paths.Root} cannot be used: error {(int)error} ({error}).");
        }

        if (IsOwner)
        {
            lock (_gate)
            {
                // The root, the directories for unfinished and set-aside files, and the small files in the root.
                _budget.OverheadBytes = 6 * DiskSlot.BlockBytes;
                OpenClaim();
            }
        }
    }

    private void StartBackground() => _background = Task.Run(RunBackgroundAsync);

    private async Task RunBackgroundAsync()
    {
        var loops = IsOwner
            ? (Task[])[RunRecoveryAsync(), RunSpaceAsync(), RunTicksAsync(), RunScrubberAsync(), RunRescansAsync()]
            : [RunRecoveryAsync(), RunTicksAsync()];
        await Task.WhenAll(loops).ConfigureAwait(false);
    }

    private async Task RunSpaceAsync()
    {
        await foreach (var _ in _work.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            if (_closing.IsCancellationRequested)
            {
                return;
            }

            await GuardAsync(KeepHeadroomAsync).ConfigureAwait(false);
        }
    }

    // Once a second: the coarse clock, what could not be removed earlier, the index file.
    private async Task RunTicksAsync()
    {
        using var timer = new PeriodicTimer(TickInterval, _time);
        var written = _time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false))
            {
                TickClock();
                if (!IsOwner)
                {
                    continue;
                }

                await GuardAsync(ReapAllAsync).ConfigureAwait(false);
                if (Recovered.IsCompletedSuccessfully && _time.GetElapsedTime(written) >= _options.SnapshotInterval)
                {
                    written = _time.GetTimestamp();
                    await GuardAsync(() =>
                    {
                        WriteIndex();
                        return Task.CompletedTask;
                    }).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The tier closes.
        }
    }

    // A loop outlives a failure of one round.
    private async Task GuardAsync(Func<Task> round)
    {
        try
        {
            await round().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The tier closes.
        }
        catch (Exception exception)
        {
            CountError();
            Log.BackgroundFailed(_logger, exception, _paths.Root);
        }
    }
}
