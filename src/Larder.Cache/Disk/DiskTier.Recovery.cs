using System.Buffers;
using System.Globalization;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;
using Larder.Cache.Fingerprints;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

// Finding what lies on disk: the index file first, then the directories, which are the truth.
public sealed partial class DiskTier
{
    // Directories that are read at the same time: enough to keep a disk busy, few enough to leave it to readers.
    private const int ScanParallelism = 4;
    private const long OrphanNanoseconds = 60_000_000_000;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly SemaphoreSlim _rescanning = new(1, 1);
    private readonly TaskCompletionSource _recovered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _opened;
    private int _directoriesScanned;
    private int _directoriesTotal;
    private long _restored;
    private int _orphansRemoved;
    private long _recoveryTicks = -1;

    /// <summary>Completes when the index is complete. Never fails; cancelled when the tier is disposed before.</summary>
    public Task Recovered => _recovered.Task;

    /// <summary>How far that has got.</summary>
    public RecoveryProgress Recovery
    {
        get
        {
            long entries;
            lock (_gate)
            {
                entries = _index.Count;
            }

            var ticks = Volatile.Read(ref _recoveryTicks);
            return new RecoveryProgress(
                entries,
                Volatile.Read(ref _directoriesScanned),
                Volatile.Read(ref _directoriesTotal),
                Volatile.Read(ref _restored),
                Volatile.Read(ref _orphansRemoved),
                _recovered.Task.IsCompletedSuccessfully,
                ticks >= 0 ? TimeSpan.FromTicks(ticks) : _time.GetElapsedTime(_opened));
        }
    }

    private async Task RunRecoveryAsync()
    {
        try
        {
            if (IsOwner)
            {
                _quarantine.Open();
                lock (_gate)
                {
                    _budget.QuarantinedBytes = _quarantine.Bytes;
                }

                RestoreIndex();
                RemoveOrphans();
                await ScanAsync().ConfigureAwait(false);
                DropUnconfirmed();
            }
            else if (_options.IndexWhenShared)
            {
                RestoreIndex();
                await ScanAsync().ConfigureAwait(false);
                DropUnconfirmed();
            }

            CompleteRecovery();
        }
        catch (OperationCanceledException)
        {
            _recovered.TrySetCanceled();
        }
        catch (Exception exception)
        {
            // What was not found is found when it is asked for.
            CountError();
            Log.BackgroundFailed(_logger, exception, _paths.Root);
            CompleteRecovery();
        }
    }

    /// <summary>Finds what other processes added or removed since, and what dead ones left unfinished.</summary>
    public async Task RescanAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        await Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!IsOwner)
        {
            return;
        }

        await _rescanning.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            lock (_gate)
            {
                for (var slot = 0; slot < _index.SlotLimit; slot++)
                {
                    _index[slot].Flags &= ~DiskSlotFlags.Confirmed;
                }
            }

            RemoveOrphans();
            await ScanAsync().ConfigureAwait(false);
            foreach (var (key, kind) in FindUnconfirmed())
            {
                await ForgetMissingAsync(key, kind, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _rescanning.Release();
        }
    }

    private async Task RunRescansAsync()
    {
        if (_options.RescanInterval == TimeSpan.Zero)
        {
            return;
        }

        try
        {
            using var timer = new PeriodicTimer(_options.RescanInterval, _time);
            while (await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false))
            {
                await GuardAsync(() => RescanAsync(_closing.Token)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The tier closes.
        }
    }

    private async ValueTask ForgetMissingAsync(ArtifactKey key, DiskKind kind, CancellationToken cancellationToken)
    {
        await _keys.TakeAsync(key, cancellationToken).ConfigureAwait(false);
        try
        {
            if (Io.Stat(_paths.Payload(key), out _).IsAbsent())
            {
                Forget(key, kind);
            }
        }
        finally
        {
            _keys.Release(key);
        }
    }

    private void CompleteRecovery()
    {
        lock (_gate)
        {
            _budget.UnaccountedBytes = 0;
        }

        Volatile.Write(ref _recoveryTicks, _time.GetElapsedTime(_opened).Ticks);
        _recovered.TrySetResult();
        SignalSpace();
        var progress = Recovery;
        Log.Recovered(_logger, _paths.Root, progress.Entries, progress.OrphansRemoved, (long)progress.Elapsed.TotalMilliseconds);
    }

    // Unfinished files whose makers are gone. Names that are not ours are left alone.
    private void RemoveOrphans()
    {
        var names = new List<string>();
        Io.ReadDirectory(_paths.Temporary, names, static (found, name, _) =>
        {
            found.Add(name.ToString());
            return true;
        });
        foreach (var maker in names.GroupBy(static name => TemporaryNames.TokenOf(name)))
        {
            if (maker.Key is null || maker.Key == _temporary.Token || IsAlive(maker.Key))
            {
                continue;
            }

            // The lock file goes last, so that a crash here leaves proof enough for the next start.
            foreach (var name in maker.OrderBy(static name => name.EndsWith(TemporaryNames.AliveSuffix, StringComparison.Ordinal)))
            {
                if (Io.Unlink($"{_paths.Temporary}/{name}") == Errno.None
                    && !name.EndsWith(TemporaryNames.AliveSuffix, StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref _orphansRemoved);
                }
            }
        }
    }

    private bool IsAlive(string token)
    {
        if (Io.OpenRead($"{_paths.Temporary}/{token}{TemporaryNames.AliveSuffix}", out var file) != Errno.None)
        {
            return false;
        }

        using (file)
        {
            return Io.TryLock(file!) != Errno.None;
        }
    }

    private async Task ScanAsync()
    {
        var kinds = new List<DiskKind>();
        var error = Io.ReadDirectory(_paths.Root, (Tier: this, kinds), static (state, name, type) =>
        {
            if (type is DirectoryEntryType.Directory or DirectoryEntryType.Unknown
                && ArtifactKind.TryParse(name.ToString(), out var kind)
                && state.Tier.KindOf(kind) is { } known)
            {
                state.kinds.Add(known);
            }

            return true;
        });
        NoteScanFailure(error, _paths.Root);
        foreach (var kind in kinds)
        {
            CountDirectory(kind, null);
            var directories = new List<byte>();
            error = Io.ReadDirectory(kind.Directory, directories, static (found, name, type) =>
            {
                if (name.Length == 2
                    && type is DirectoryEntryType.Directory or DirectoryEntryType.Unknown
                    && TryParseHexByte(name, out var first))
                {
                    found.Add(first);
                }

                return true;
            });
            NoteScanFailure(error, kind.Directory);
            Interlocked.Add(ref _directoriesTotal, directories.Count);
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = ScanParallelism, CancellationToken = _closing.Token };
            await Parallel.ForEachAsync(directories, parallel, async (first, _) =>
            {
                await ScanDirectoryAsync(kind, first).ConfigureAwait(false);
                Interlocked.Increment(ref _directoriesScanned);
            }).ConfigureAwait(false);
        }
    }

    private async Task ScanDirectoryAsync(DiskKind kind, byte first)
    {
        var path = $"{kind.Directory}/{first:x2}";
        var found = new ScannedDirectory(first);
        NoteScanFailure(Io.ReadDirectory(path, found, static (state, name, type) => state.Add(name, type)), path);
        var unknown = new List<Fingerprint>();
        CountDirectory(kind, first);
        lock (_gate)
        {
            foreach (var fingerprint in found.Payloads)
            {
                var slot = _index.Find(kind.Id, fingerprint);
                if (slot >= 0)
                {
                    _index[slot].Flags |= DiskSlotFlags.Confirmed;
                }
                else
                {
                    unknown.Add(fingerprint);
                }
            }
        }

        foreach (var fingerprint in unknown)
        {
            await ScanEntryAsync(new ArtifactKey(kind.Kind, fingerprint), kind).ConfigureAwait(false);
        }

        if (!IsOwner)
        {
            return;
        }

        // A raw entry's metadata without a payload is what a crash in the middle of a commit leaves.
        found.Metadata.ExceptWith(found.Payloads);
        foreach (var fingerprint in found.Metadata)
        {
            await RemoveOrphanMetadataAsync(new ArtifactKey(kind.Kind, fingerprint)).ConfigureAwait(false);
        }
    }

    // Adds an entry that the index file did not know. Its payload is verified when it is first read.
    private async Task ScanEntryAsync(ArtifactKey key, DiskKind kind)
    {
        await _keys.TakeAsync(key, _closing.Token).ConfigureAwait(false);
        try
        {
            lock (_gate)
            {
                if (_dying.ContainsKey(key) || _index.Find(kind.Id, key.Fingerprint) >= 0)
                {
                    return;
                }
            }

            var result = ReadMetadata(key, out var isRaw);
            if (result.Outcome == VerifierOutcome.Damaged)
            {
                SetAside(key, kind);
            }

            // What the medium does not give now is found when it is asked for.
            if (result.Metadata is not { } metadata)
            {
                return;
            }

            var trailerBytes = Trailer.Measure(key.Kind, metadata, metadata.Length);
            var blocks = isRaw
                ? BlocksOf(metadata.Length) + BlocksOf(trailerBytes)
                : BlocksOf(metadata.Length + trailerBytes);
            lock (_gate)
            {
                AdoptEntry(kind, key, metadata.Length, blocks, OwnerHash(metadata.Owner), isRaw);
            }
        }
        finally
        {
            _keys.Release(key);
        }
    }

    private async Task RemoveOrphanMetadataAsync(ArtifactKey key)
    {
        await _keys.TakeAsync(key, _closing.Token).ConfigureAwait(false);
        try
        {
            // A file that changed a moment ago may belong to another process's commit. Only the distance from now
            // counts, so that a wall clock that was set does no more than keep an orphan until the next scan.
            var path = _paths.Metadata(key);
            if (Io.Stat(_paths.Payload(key), out _) == Errno.NoEntry
                && Io.Stat(path, out var stamp) == Errno.None
                && Math.Abs(Io.WallClockNanoseconds - stamp.ChangedNanoseconds) > OrphanNanoseconds
                && Io.Unlink(path) == Errno.None)
            {
                Interlocked.Increment(ref _orphansRemoved);
            }
        }
        finally
        {
            _keys.Release(key);
        }
    }

    // Entries that the index file promised and the directories do not hold.
    private void DropUnconfirmed()
    {
        foreach (var (key, kind) in FindUnconfirmed())
        {
            var isThere = Io.Stat(_paths.Payload(key), out _) is not (Errno.NoEntry or Errno.NotDirectory);
            lock (_gate)
            {
                var slot = _index.Find(kind.Id, key.Fingerprint);
                if (slot < 0 || (_index[slot].Flags & DiskSlotFlags.Confirmed) != 0)
                {
                    continue;
                }

                if (isThere)
                {
                    _index[slot].Flags |= DiskSlotFlags.Confirmed;
                    continue;
                }

                // It was never there: nothing was recovered and nothing removed.
                RemoveSlot(slot, kind);
                kind.Recovered--;
            }
        }
    }

    private List<(ArtifactKey Key, DiskKind Kind)> FindUnconfirmed()
    {
        var missing = new List<(ArtifactKey Key, DiskKind Kind)>();
        lock (_gate)
        {
            for (var slot = 0; slot < _index.SlotLimit; slot++)
            {
                ref var entry = ref _index[slot];
                if ((entry.Flags & (DiskSlotFlags.Live | DiskSlotFlags.Confirmed)) == DiskSlotFlags.Live)
                {
                    var kind = _kindsById[entry.Kind];
                    missing.Add((new ArtifactKey(kind.Kind, entry.Fingerprint), kind));
                }
            }
        }

        return missing;
    }

    // Adds an entry that this process did not write, or corrects what is known of it. Called under the gate.
    private int AdoptEntry(DiskKind kind, ArtifactKey key, long length, uint blocks, ulong owner, bool isRaw)
    {
        var slot = _index.Find(kind.Id, key.Fingerprint);
        if (slot < 0)
        {
            kind.Recovered++;
            slot = InsertSlot(
                new DiskSlot
                {
                    Fingerprint = key.Fingerprint,
                    Kind = kind.Id,
                    Length = length,
                    Blocks = blocks,
                    Owner = owner,
                    LastUse = _now,
                    Flags = DiskSlotFlags.Confirmed | (isRaw ? DiskSlotFlags.Raw : DiskSlotFlags.None),
                },
                kind);
            _budget.UnaccountedBytes = Math.Max(0, _budget.UnaccountedBytes - _index[slot].Weight);
            return slot;
        }

        ref var entry = ref _index[slot];
        entry.Flags |= DiskSlotFlags.Confirmed;
        if (entry.Length != length || entry.Blocks != blocks || entry.Owner != owner)
        {
            var before = entry.Weight;
            _index.Update(slot, length, blocks, owner);
            _budget.LiveBytes += entry.Weight - before;
            kind.Bytes += entry.Weight - before;
        }

        return slot;
    }

    // Reads the trailer of an entry, wherever it lies. Foreign means that there is no entry to speak of.
    private VerifierResult ReadMetadata(ArtifactKey key, out bool isRaw)
    {
        isRaw = false;
        var error = OpenRead(_paths.Payload(key), out var file);
        if (error != Errno.None)
        {
            return new VerifierResult(error.IsAbsent() ? VerifierOutcome.Foreign : VerifierOutcome.Failed, error);
        }

        using (file)
        {
            var framed = EntryVerifier.ReadMetadata(Io, file!, null, key);
            if (framed.Outcome != VerifierOutcome.Unframed)
            {
                return framed;
            }

            isRaw = true;
            var raw = ReadMetadata(file!, _paths.Metadata(key), key);
            return raw.Outcome == VerifierOutcome.Damaged
                ? ReadMetadata(file!, _paths.Metadata(key) + DiskPaths.OldSuffix, key)
                : raw;
        }
    }

    private VerifierResult ReadMetadata(SafeFileHandle file, string metadataPath, ArtifactKey key)
    {
        var error = OpenRead(metadataPath, out var metadataFile);
        if (error != Errno.None)
        {
            return new VerifierResult(error.IsAbsent() ? VerifierOutcome.Damaged : VerifierOutcome.Failed, error);
        }

        using (metadataFile)
        {
            return EntryVerifier.ReadMetadata(Io, file, metadataFile, key);
        }
    }

    private void NoteScanFailure(Errno error, string path)
    {
        if (error is not (Errno.None or Errno.NoEntry))
        {
            CountError();
            Log.ScanFailed(_logger, path, (int)error);
        }
    }

    private static bool TryParseHexByte(ReadOnlySpan<char> text, out byte value)
    {
        value = 0;
        return !text.ContainsAnyExcept(LowerHex) && byte.TryParse(text, NumberStyles.AllowHexSpecifier, null, out value);
    }

    // The entries' names of one directory.
    private sealed class ScannedDirectory(byte first)
    {
        private readonly byte _first = first;

        public HashSet<Fingerprint> Payloads { get; } = [];

        public HashSet<Fingerprint> Metadata { get; } = [];

        public bool Add(ReadOnlySpan<char> name, DirectoryEntryType type)
        {
            var isMetadata = name.EndsWith(DiskPaths.MetadataSuffix);
            var text = isMetadata ? name[..^DiskPaths.MetadataSuffix.Length] : name;
            if (type is DirectoryEntryType.File or DirectoryEntryType.Unknown
                && text.Length == Fingerprint.TextLength
                && !text.ContainsAnyInRange('A', 'F')
                && Fingerprint.TryParse(text, out var fingerprint)
                && (byte)(fingerprint.Prefix >> 56) == _first)
            {
                (isMetadata ? Metadata : Payloads).Add(fingerprint);
            }

            return true;
        }
    }
}
