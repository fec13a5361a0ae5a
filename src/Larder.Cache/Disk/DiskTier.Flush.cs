using System.Collections.Concurrent;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

// Commits survive a killed process at once; a flush makes them survive a loss of power.
public sealed partial class DiskTier
{
    // Above this many entries one sync of the whole file system is cheaper than one of each.
    private const int MaxUnflushed = 16 * 1024;

    private readonly SemaphoreSlim _flushing = new(1, 1);
    private readonly Lock _unflushedGate = new();

    // Guarded by _unflushedGate: what was committed since the last flush, and when by the count of commits.
    private readonly Dictionary<ArtifactKey, long> _unflushed = [];
    private long _commits;
    private long _unlistedCommits;

    // Written while _flushing is held.
    private long _durable;
    private long _failedSyncs;

    /// <summary>
    /// Makes every entry that was committed before the call survive a loss of power: its file, then the directories
    /// that name it. What is committed meanwhile, and what could not be synced and may be tried again, stays pending.
    /// </summary>
    /// <returns>
    /// Counts since the tier was opened. A failed entry was removed: the kernel may have dropped its bytes, and a second
    /// sync would succeed without them.
    /// </returns>
    public async ValueTask<DurabilityReport> FlushAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        await _flushing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            KeyValuePair<ArtifactKey, long>[] pending;
            long unlisted;
            lock (_unflushedGate)
            {
                pending = [.. _unflushed];
                unlisted = _unlistedCommits;
            }

            var (durable, failed) = unlisted > 0
                ? await Task.Run(() => FlushFileSystem(pending, unlisted), cancellationToken).ConfigureAwait(false)
                : await FlushFilesAsync(pending, cancellationToken).ConfigureAwait(false);
            _durable += durable;
            _failedSyncs += failed;
            lock (_unflushedGate)
            {
                return new DurabilityReport(_unflushed.Count + _unlistedCommits, _durable, _failedSyncs);
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    private void NoteUnflushed(ArtifactKey key)
    {
        lock (_unflushedGate)
        {
            _commits++;
            if (_unflushed.Count < MaxUnflushed || _unflushed.ContainsKey(key))
            {
                _unflushed[key] = _commits;
            }
            else
            {
                _unlistedCommits++;
            }
        }
    }

    // Forgets what is durable now. A commit of the same key in between has another number and stays.
    private void ClearUnflushed(IEnumerable<KeyValuePair<ArtifactKey, long>> flushed)
    {
        lock (_unflushedGate)
        {
            foreach (var entry in flushed)
            {
                if (_unflushed.TryGetValue(entry.Key, out var commit) && commit == entry.Value)
                {
                    _unflushed.Remove(entry.Key);
                }
            }
        }
    }

    private (long Durable, long Failed) FlushFileSystem(KeyValuePair<ArtifactKey, long>[] pending, long unlisted)
    {
        var error = Io.OpenDirectory(_paths.Root, out var root);
        if (error == Errno.None)
        {
            using (root)
            {
                error = Io.SyncFileSystem(root!);
            }
        }

        if (error != Errno.None)
        {
            CountError();
            Log.FlushFailed(_logger, _paths.Root, (int)error);
            return (0, 0);
        }

        ClearUnflushed(pending);
        lock (_unflushedGate)
        {
            _unlistedCommits -= unlisted;
        }

        return (pending.Length + unlisted, 0);
    }

    private async Task<(long Durable, long Failed)> FlushFilesAsync(
        KeyValuePair<ArtifactKey, long>[] pending, CancellationToken cancellationToken)
    {
        var synced = new ConcurrentBag<KeyValuePair<ArtifactKey, long>>();
        long failed = 0;
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = _options.FlushParallelism,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(pending, parallel, async (entry, _) =>
        {
            switch (SyncEntry(entry.Key))
            {
                case Errno.None:
                    synced.Add(entry);
                    break;
                case Errno.NoEntry:
                    // Evicted or removed meanwhile.
                    ClearUnflushed([entry]);
                    break;
                case var error:
                    Interlocked.Increment(ref failed);
                    await DropUnsyncedAsync(entry.Key, error).ConfigureAwait(false);
                    ClearUnflushed([entry]);
                    break;
            }
        }).ConfigureAwait(false);

        var directories = synced.GroupBy(entry => _paths.Directory(entry.Key), StringComparer.Ordinal).ToList();
        long durable = 0;
        var parents = SyncParents(synced);
        await Parallel.ForEachAsync(directories, parallel, (directory, _) =>
        {
            var count = directory.Count();
            if (parents && SyncDirectory(directory.Key))
            {
                ClearUnflushed(directory);
                Interlocked.Add(ref durable, count);
            }

            // Otherwise the bytes are safe and only the name is not: the next flush tries again.
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        return (durable, failed);
    }

    // The directories that name the entries' directories.
    private bool SyncParents(IEnumerable<KeyValuePair<ArtifactKey, long>> entries)
    {
        var isSynced = true;
        var any = false;
        foreach (var kind in entries.Select(static entry => entry.Key.Kind).Distinct())
        {
            any = true;
            isSynced &= SyncDirectory($"{_paths.Root}/{kind.Name}");
        }

        return !any || (isSynced && SyncDirectory(_paths.Root));
    }

    private Errno SyncEntry(ArtifactKey key)
    {
        var error = SyncFile(_paths.Payload(key));
        if (error != Errno.None || KindOf(key.Kind)?.Options.DiskForm != DiskForm.Raw)
        {
            return error;
        }

        return SyncFile(_paths.Metadata(key));
    }

    private Errno SyncFile(string path)
    {
        var error = OpenRead(path, out var file);
        if (error != Errno.None)
        {
            return error;
        }

        using (file)
        {
            return Io.Sync(file!);
        }
    }

    private bool SyncDirectory(string path)
    {
        var error = Io.OpenDirectory(path, out var directory);
        if (error == Errno.None)
        {
            using (directory)
            {
                error = Io.Sync(directory!);
            }
        }

        if (error != Errno.None)
        {
            CountError();
            Log.FlushFailed(_logger, path, (int)error);
        }

        return error == Errno.None;
    }

    private async ValueTask DropUnsyncedAsync(ArtifactKey key, Errno error)
    {
        CountError();
        Log.SyncFailed(_logger, key, (int)error);
        try
        {
            await RemoveAsync(key, RemovalReason.Invalidated, CancellationToken.None).ConfigureAwait(false);
        }
        catch (CacheException)
        {
            // Counted and logged there; the file verifies or is set aside when it is next read.
        }
    }
}
