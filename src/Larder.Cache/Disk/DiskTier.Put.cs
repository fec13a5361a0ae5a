using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

// Writers, and the commit that makes their files entries.
public sealed partial class DiskTier
{
    private const int CopyBytes = 256 * 1024;
    private const int MaxPublishAttempts = 4;
    private const long MaxSharedEntries = 1_000_000;
    private static readonly TimeSpan ReadOnlyRetry = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Begins to write an entry. Nothing touches the disk before the first bytes come; of an unknown length, space is
    /// booked in growing steps.
    /// </summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="length">Exact payload length in bytes, or -1 when unknown. Another length is a digest mismatch.</param>
    public ArtifactWriter BeginWrite(ArtifactKey key, long length = -1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, -1);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return new DiskWriter(this, key, KindOf(key.Kind), length);
    }

    /// <summary>
    /// Begins to write an entry of a content-addressed kind whose digest is not known yet: its key is that of the bytes that came.
    /// </summary>
    /// <param name="kind">The entry's kind.</param>
    /// <param name="length">Exact payload length in bytes, or -1 when unknown. Another length is a digest mismatch.</param>
    public ArtifactWriter BeginContentWrite(ArtifactKind kind, long length = -1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, -1);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return new DiskWriter(this, new ArtifactKey(kind, default), KindOf(kind), length, isNamedByContent: true);
    }

    /// <summary>Copies an artifact from another tier. The caller keeps its lease on the source meanwhile.</summary>
    /// <exception cref="CacheException">Reading the source failed.</exception>
    public async ValueTask<CommitResult> PutAsync(
        ArtifactKey key, ArtifactContent source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var writer = BeginWrite(key, source.Length);
        await using (writer.ConfigureAwait(false))
        {
            if (source.TryGetMemory(out var memory))
            {
                await writer.WriteAsync(memory, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await CopyAsync(source, writer, cancellationToken).ConfigureAwait(false);
            }

            return await writer.CommitAsync(source.Metadata, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Why a put of this kind and length cannot even begin; <see cref="PutOutcome.Stored"/> when it can.</summary>
    internal PutOutcome CheckPut(DiskKind? kind, long length)
    {
        if (kind is null || !kind.Options.Disk || Capacity == 0)
        {
            return PutOutcome.Disabled;
        }

        var since = Volatile.Read(ref _readOnlySince);
        if (since >= 0 && _time.GetElapsedTime(since) < ReadOnlyRetry)
        {
            return PutOutcome.Unavailable;
        }

        return length > kind.Options.MaxEntryBytes || length > Capacity ? PutOutcome.TooLarge : PutOutcome.Stored;
    }

    /// <summary>Counts a failure of the medium, and says how a put that met it ends.</summary>
    internal PutOutcome OnPutFailed(Errno error, string operation, ArtifactKey key)
    {
        if (error.IsNoSpace())
        {
            Log.NoSpace(_logger, key, operation);
            return PutOutcome.NoSpace;
        }

        NoteFailure(error, operation, key);
        if (error.IsReadOnly())
        {
            Volatile.Write(ref _readOnlySince, _time.GetTimestamp());
            Log.ReadOnly(_logger, _paths.Root, (int)error);
        }

        return PutOutcome.Unavailable;
    }

    /// <summary>Notes that the directory takes files again.</summary>
    internal void OnCreated()
    {
        if (Volatile.Read(ref _readOnlySince) >= 0)
        {
            Volatile.Write(ref _readOnlySince, -1);
        }
    }

    /// <summary>Counts a put that came to nothing.</summary>
    internal static void CountRefused(DiskKind? kind) => kind?.CountRefused();

    /// <summary>
    /// Gives finished files their names and the entry its place in the index. The reservation is the caller's again
    /// unless the outcome is <see cref="PutOutcome.Stored"/>.
    /// </summary>
    internal async ValueTask<CommitResult> PublishAsync(UnpublishedEntry entry, CancellationToken cancellationToken)
    {
        await _keys.TakeAsync(entry.Key, cancellationToken).ConfigureAwait(false);
        try
        {
            // An entry that is being evicted gives way; if its files cannot be removed now, they are replaced.
            FinishDying(entry.Key);
            return await PublishLockedAsync(entry).ConfigureAwait(false);
        }
        finally
        {
            _keys.Release(entry.Key);
        }
    }

    private static async ValueTask CopyAsync(ArtifactContent source, ArtifactWriter writer, CancellationToken cancellationToken)
    {
        var buffer = new byte[Math.Min(CopyBytes, Math.Max(source.Length, 1))];
        for (long offset = 0; offset < source.Length;)
        {
            var count = source.Read(offset, buffer);
            offset += count;
            if (await writer.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false) != PutOutcome.Stored)
            {
                return;
            }
        }
    }

    private async ValueTask<CommitResult> PublishLockedAsync(UnpublishedEntry entry)
    {
        var replace = false;
        for (var attempt = 0; attempt < MaxPublishAttempts; attempt++)
        {
            var error = GiveName(entry, replace);
            if (error == Errno.None)
            {
                return Register(entry);
            }

            if (error != Errno.Exists)
            {
                return new CommitResult(OnPutFailed(error, "rename", entry.Key), default);
            }

            var (outcome, existing) = await OpenEntryAsync(entry.Key, entry.Kind, NextTurn(), CancellationToken.None)
                .ConfigureAwait(false);
            if (outcome == OpenOutcome.Found && existing!.Metadata.Digest == entry.Metadata.Digest)
            {
                _index.Touch(existing.Slot, Volatile.Read(ref _now));
                return new CommitResult(PutOutcome.AlreadyPresent, new ArtifactLease(existing, TierKind.Disk));
            }

            existing?.Release();
            replace = true;
        }

        return new CommitResult(OnPutFailed(Errno.Exists, "rename", entry.Key), default);
    }

    // The payload's name is the commit. A raw entry's metadata gets its name before: without a payload it means
    // nothing. Beside a payload that is being replaced, the old metadata is kept under another name until the payload
    // is, so that a crash at any point leaves a payload and what describes it.
    private Errno GiveName(UnpublishedEntry entry, bool replace)
    {
        var path = _paths.Payload(entry.Key);
        if (entry.MetadataPath is null)
        {
            return RenameInto(entry, entry.Path, path, replace);
        }

        if (!replace && Io.Stat(path, out _) == Errno.None)
        {
            return Errno.Exists;
        }

        var metadataPath = path + DiskPaths.MetadataSuffix;
        var oldPath = metadataPath + DiskPaths.OldSuffix;
        var hasOld = replace && !entry.IsMetadataNamed && Io.Rename(metadataPath, oldPath, replace: true) == Errno.None;
        var error = entry.IsMetadataNamed
            ? Errno.None
            : RenameInto(entry, entry.MetadataPath, metadataPath, replace: true);
        entry.IsMetadataNamed = error == Errno.None;
        error = error == Errno.None ? RenameInto(entry, entry.Path, path, replace) : error;
        if (hasOld && error == Errno.None)
        {
            Io.Unlink(oldPath);
        }
        else if (hasOld)
        {
            Io.Rename(oldPath, metadataPath, replace: true);
        }

        return error;
    }

    private Errno RenameInto(UnpublishedEntry entry, string from, string to, bool replace)
    {
        var error = Io.Rename(from, to, replace);
        if (error != Errno.NoEntry)
        {
            return error;
        }

        error = MakeDirectories(entry);
        return error == Errno.None ? Io.Rename(from, to, replace) : error;
    }

    private Errno MakeDirectories(UnpublishedEntry entry)
    {
        var error = Io.MakeDirectory(entry.Kind.Directory);
        if (error is Errno.None or Errno.Exists)
        {
            CountDirectory(entry.Kind, null, entry);
            error = Io.MakeDirectory(_paths.Directory(entry.Key));
        }

        if (error is Errno.None or Errno.Exists)
        {
            CountDirectory(entry.Kind, (byte)(entry.Key.Fingerprint.Prefix >> 56), entry);
            return Errno.None;
        }

        return error;
    }

    /// <summary>What the directories that an entry still lacks will take, in bytes.</summary>
    internal long NewDirectoryBytes(DiskKind kind, ArtifactKey key)
    {
        lock (_gate)
        {
            return (kind.HasDirectory(null) ? 0 : DiskSlot.BlockBytes)
                + (kind.HasDirectory((byte)(key.Fingerprint.Prefix >> 56)) ? 0 : DiskSlot.BlockBytes);
        }
    }

    // A directory that is new to the budget is paid from what its writer has booked for it.
    private void CountDirectory(DiskKind kind, byte? first, UnpublishedEntry? payer = null)
    {
        lock (_gate)
        {
            if (!kind.AddDirectory(first))
            {
                return;
            }

            _budget.OverheadBytes += DiskSlot.BlockBytes;
            if (payer is not null && payer.ReservedBytes - payer.Weight >= DiskSlot.BlockBytes)
            {
                payer.ReservedBytes -= DiskSlot.BlockBytes;
                _budget.ReservedBytes -= DiskSlot.BlockBytes;
            }
        }
    }

    // The files have their names: the entry takes the place of an older one of its key. Called under the key's lock.
    private CommitResult Register(UnpublishedEntry entry)
    {
        var timestamp = _time.GetTimestamp();
        var error = Io.Stat(entry.File, out var stamp);
        var verification = new Verification(stamp, timestamp, NextTurn(), IsSettled: false);
        var content = new DiskContent(this, entry.Key, entry.Kind, entry.Metadata, entry.File, entry.MetadataFile, verification);
        long replacedWeight;
        lock (_gate)
        {
            replacedWeight = TakeReplaced(entry);
            _budget.ReservedBytes -= entry.ReservedBytes;
            _budget.ReservedEntries--;
            var slot = new DiskSlot
            {
                Fingerprint = entry.Key.Fingerprint,
                Kind = entry.Kind.Id,
                Length = entry.Metadata.Length,
                Blocks = entry.Blocks,
                Owner = OwnerHash(entry.Metadata.Owner),
                LastUse = _now,
                Flags = DiskSlotFlags.Confirmed | (entry.MetadataPath is null ? DiskSlotFlags.None : DiskSlotFlags.Raw),
            };
            content.Slot = InsertSlot(slot, entry.Kind);
            entry.Kind.Stored++;
            entry.Kind.StoredBytes += entry.Metadata.Length;
            if (replacedWeight > 0)
            {
                _budget.PinnedBytes += replacedWeight;
            }
        }

        NoteUnflushed(entry.Key);
        if (replacedWeight > 0)
        {
            // The replaced file's bytes come back when its last lease goes, or now.
            var isPinned = DropContent(entry.Key, replacedWeight);
            lock (_gate)
            {
                _budget.PinnedBytes -= isPinned ? 0 : replacedWeight;
            }
        }

        content.TryAcquire();
        _open[entry.Key] = content;
        if (error == Errno.None)
        {
            _handles.Add(content);
        }
        else
        {
            // Without a stamp the content serves its writer only.
            NoteFailure(error, "stat", entry.Key);
            content.Release();
        }

        SignalSpace();
        return new CommitResult(PutOutcome.Stored, new ArtifactLease(content, TierKind.Disk));
    }

    // Takes the older entry of the key out of the index, or out of those that are dying; returns its weight.
    private long TakeReplaced(UnpublishedEntry entry)
    {
        var slot = _index.Find(entry.Kind.Id, entry.Key.Fingerprint);
        if (slot >= 0)
        {
            var weight = _index[slot].Weight;
            RemoveSlot(slot, entry.Kind);
            entry.Kind.Replaced++;
            return weight;
        }

        if (_dying.Remove(entry.Key, out var dying))
        {
            _budget.DyingBytes -= dying;
            return dying;
        }

        return 0;
    }

    // Adds an entry to the index and its sums. Called under the gate.
    private int InsertSlot(in DiskSlot slot, DiskKind kind, bool restore = false)
    {
        TrimSharedIndex();
        var number = restore ? _index.Restore(slot) : _index.Insert(slot);
        _budget.LiveBytes += slot.Weight;
        kind.Bytes += slot.Weight;
        kind.Entries++;
        return number;
    }

    // A process that shares the directory remembers only so many entries; what it forgets stays on disk.
    private void TrimSharedIndex()
    {
        var limit = _budget.MaxEntries < 0 ? MaxSharedEntries : Math.Min(_budget.MaxEntries, MaxSharedEntries);
        while (!IsOwner && _index.Count >= Math.Max(limit, 1))
        {
            var slot = _index.NextVictim();
            var kind = _kindsById[_index[slot].Kind];
            kind.Evicted++;
            kind.EvictedBytes += _index[slot].Weight;
            RemoveSlot(slot, kind);
        }
    }
}
