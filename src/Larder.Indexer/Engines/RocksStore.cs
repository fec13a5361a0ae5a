namespace Larder.Indexer.Engines;

/// <summary>A store on a disk: RocksDB of Debian, bound thinly.</summary>
/// <remarks>
/// A batch is in the log before <see cref="Write"/> returns, so that it outlives the process; with sync it outlives the
/// machine. Open iterators, values and snapshots keep the database open after the store is disposed of.
/// The engine must not meet a full disk while it writes its log: Debian's build has its assertions on, and the one that
/// guards a log after a failed write ends the process when the engine tries to recover. So room is looked for before every
/// write, for the batch, for the memtables that it may push to files, and as much again.
/// </remarks>
internal sealed unsafe class RocksStore : OrderedStore
{
    private const int OpenAttempts = 10;

    private readonly RocksDatabase _database;
    private readonly bool _readOnly;
    private readonly long _memtableBytes;
    private readonly nint _unsynced;
    private readonly nint _synced;
    private bool _disposed;

    // What was written to the log since files were begun for what was in it; and whether anything was written that may be there alone.
    private long _unflushedBytes;
    private bool _needsLog;

    // Whether the last write failed all the same: then the log is not touched but by another write, which the engine refuses by itself.
    private bool _hasFailed;

    private RocksStore(RocksDatabase database, in RocksSettings settings, bool readOnly)
    {
        _database = database;
        _memtableBytes = settings.MemtableBytes;
        _readOnly = readOnly;
        _unsynced = RocksLibrary.Made(RocksNative.CreateWriteOptions());
        _synced = RocksLibrary.Made(RocksNative.CreateWriteOptions());
        RocksNative.SetSync(_synced, 1);
    }

    /// <summary>Opens the store of a directory, or makes it; one process at a time.</summary>
    /// <exception cref="IndexerException">Another process has it, it is damaged, or the library is missing.</exception>
    public static RocksStore Open(string directory, in RocksSettings settings)
    {
        CreateDirectory(directory);

        // Without this file the engine would begin anew and remove what is there.
        if (!File.Exists(Path.Combine(directory, "CURRENT")) && Directory.EnumerateFiles(directory, "MANIFEST-*").Any())
        {
            throw new IndexerException(
                IndexerErrorKind.Damaged, $"The index in {directory} is damaged: its file CURRENT is missing. Restore a snapshot or index again.");
        }

        return new RocksStore(RocksDatabase.Open(directory, settings, readOnly: false), settings, readOnly: false);
    }

    /// <summary>Opens the store of a directory as it is now, beside a process that writes to it.</summary>
    /// <exception cref="IndexerException">There is none, it is damaged, or the library is missing.</exception>
    public static RocksStore OpenReadOnly(string directory, in RocksSettings settings)
    {
        RocksLibrary.Require();
        if (!File.Exists(Path.Combine(directory, "CURRENT")))
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"There is no index in {directory}.");
        }

        // The writer may remove a file between the reading of the list of files and their opening.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new RocksStore(RocksDatabase.Open(directory, settings, readOnly: true), settings, readOnly: true);
            }
            catch (IndexerException) when (attempt < OpenAttempts)
            {
                Thread.Sleep(10 * attempt);
            }
        }
    }

    /// <inheritdoc/>
    public override StoreSnapshot CreateSnapshot()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new RocksSnapshot(_database);
    }

    /// <inheritdoc/>
    public override StoreBatch CreateBatch() => new RocksBatch(_database);

    /// <inheritdoc/>
    public override void Write(StoreBatch batch, bool sync)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_readOnly)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"The index in {_database.Directory} was opened for reading only.");
        }

        RequireRoom(batch.ByteCount);
        byte* error = null;
        RocksNative.Write(_database.Handle, sync ? _synced : _unsynced, ((RocksBatch)batch).Handle, &error);
        _hasFailed = error is not null;
        RocksError.Check(error, _database.Directory, "could not be written");
        _unflushedBytes += batch.ByteCount;
        _needsLog = true;

        // While the next block runs: and so that a log is never longer than this and a block, however large that was.
        if (_unflushedBytes >= _memtableBytes / 2)
        {
            Flush(wait: false);
        }
    }

    /// <inheritdoc/>
    public override void Sync()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_hasFailed)
        {
            throw new IndexerException(
                IndexerErrorKind.Unavailable, $"The index in {_database.Directory} cannot be forced to the disk: the last write failed.");
        }

        if (!_readOnly)
        {
            byte* error = null;
            RocksNative.FlushLog(_database.Handle, 1, &error);
            RocksError.Check(error, _database.Directory, "could not be written");
        }
    }

    /// <inheritdoc/>
    public override void Compact()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        foreach (var family in Families)
        {
            RocksNative.Compact(_database.Handle, _database.Family(family), null, 0, null, 0);
        }
    }

    /// <inheritdoc/>
    public override StoreFigures GetFigures()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var families = Families.Select(family => new StoreFamilyFigures(
            Property(family, "rocksdb.estimate-num-keys"),
            Property(family, "rocksdb.total-sst-files-size") + Property(family, "rocksdb.cur-size-all-mem-tables")));
        return new StoreFigures(
            [.. families],
            Families.Sum(family => Property(family, "rocksdb.size-all-mem-tables")),
            (long)RocksNative.CacheUsage(_database.Cache));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!_disposed)
        {
            _disposed = true;
            FlushAtEnd();
            RocksNative.DestroyWriteOptions(_unsynced);
            RocksNative.DestroyWriteOptions(_synced);
            RocksLibrary.Released();
            RocksLibrary.Released();
            _database.Release();
        }
    }

    private void RequireRoom(long batchBytes)
    {
        var needed = 2 * (batchBytes + _memtableBytes);
        long free;
        try
        {
            free = new DriveInfo(_database.Directory).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(
                IndexerErrorKind.Unavailable, $"The index in {_database.Directory} could not be written: {error.Message}", error);
        }

        if (free < needed)
        {
            throw new IndexerException(
                IndexerErrorKind.NoSpace,
                $"The index in {_database.Directory} could not be written: the disk is full. Make room and try again. ({free >> 20} MiB are free, and a write of this size wants {(needed >> 20) + 1}.)");
        }
    }

    // Writes the memtables to files, so that the log need not be read when the store is opened next.
    private void FlushAtEnd()
    {
        if (!_needsLog || _hasFailed)
        {
            return;
        }

        try
        {
            RequireRoom(0);
        }
        catch (IndexerException)
        {
            return; // It is all in the log.
        }

        Flush(wait: true);
    }

    // All that is flushed is in the log, so that an error here loses nothing: a write that cannot go on tells.
    private void Flush(bool wait)
    {
        var options = RocksLibrary.Made(RocksNative.CreateFlushOptions());
        RocksNative.SetFlushWaits(options, wait ? (byte)1 : (byte)0);
        foreach (var family in Families)
        {
            byte* error = null;
            RocksNative.Flush(_database.Handle, options, _database.Family(family), &error);
            if (error is not null)
            {
                RocksNative.Free(error);
            }
        }

        RocksNative.DestroyFlushOptions(options);
        RocksLibrary.Released();
        _unflushedBytes = 0;
    }

    private static void CreateDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"The directory {directory} cannot be made: {error.Message}", error);
        }
    }

    private long Property(StoreFamily family, string name)
    {
        ulong value = 0;
        return RocksNative.IntegerProperty(_database.Handle, _database.Family(family), name, &value) == 0 ? (long)value : 0;
    }
}
