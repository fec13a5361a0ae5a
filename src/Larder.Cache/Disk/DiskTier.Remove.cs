using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

// Removal on request, by owner, and of what turned out wrong.
public sealed partial class DiskTier
{
    /// <summary>Removes an entry; leases on it stay readable. Returns whether there was one.</summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="reason">Why, for the log of the caller; removals of any reason count as removed.</param>
    /// <param name="cancellationToken">Gives up waiting for others that work on the same key.</param>
    /// <exception cref="CacheException">The file is there and cannot be removed.</exception>
    public async ValueTask<bool> RemoveAsync(
        ArtifactKey key, RemovalReason reason = RemovalReason.Removed, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        var kind = KindOf(key.Kind);
        if (kind is null)
        {
            return false;
        }

        await _keys.TakeAsync(key, cancellationToken).ConfigureAwait(false);
        try
        {
            var removed = FinishDying(key) && RemoveLocked(key, kind);
            if (removed)
            {
                Log.EntryRemoved(_logger, key, reason);
            }

            return removed;
        }
        finally
        {
            _keys.Release(key);
        }
    }

    /// <summary>
    /// Removes every entry of an owner, those included that another process added and that the index knows; returns
    /// how many.
    /// </summary>
    /// <exception cref="CacheException">A file cannot be removed.</exception>
    public async ValueTask<long> InvalidateOwnerAsync(string owner, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        await Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
        var hash = OwnerHash(owner);
        long removed = 0;
        foreach (var (key, kind) in FindByOwner(hash))
        {
            await _keys.TakeAsync(key, cancellationToken).ConfigureAwait(false);
            try
            {
                if (IsOwnedBy(key, owner) && RemoveLocked(key, kind))
                {
                    removed++;
                }
            }
            finally
            {
                _keys.Release(key);
            }
        }

        return removed;
    }

    private List<(ArtifactKey Key, DiskKind Kind)> FindByOwner(ulong hash)
    {
        var found = new List<(ArtifactKey, DiskKind)>();
        lock (_gate)
        {
            for (var slot = 0; slot < _index.SlotLimit; slot++)
            {
                ref var entry = ref _index[slot];
                if (entry.Owner == hash && (entry.Flags & DiskSlotFlags.Live) != 0)
                {
                    var kind = _kindsById[entry.Kind];
                    found.Add((new ArtifactKey(kind.Kind, entry.Fingerprint), kind));
                }
            }
        }

        return found;
    }

    // The index keeps a hash only; the trailer has the name. A trailer that cannot be read is nobody's to keep.
    private bool IsOwnedBy(ArtifactKey key, string owner)
    {
        if (_open.TryGetValue(key, out var content))
        {
            return string.Equals(content.Metadata.Owner, owner, StringComparison.Ordinal);
        }

        var metadata = ReadMetadata(key, out _).Metadata;
        return metadata is null || string.Equals(metadata.Owner, owner, StringComparison.Ordinal);
    }

    // Called under the key's lock.
    private bool RemoveLocked(ArtifactKey key, DiskKind kind)
    {
        var path = _paths.Payload(key);
        if (Io.Stat(path, out var stamp) != Errno.None || !stamp.IsFile)
        {
            Forget(key, kind);
            return false;
        }

        var error = Io.Unlink(path);
        if (error is not (Errno.None or Errno.NoEntry))
        {
            NoteFailure(error, "unlink", key);
            throw new CacheException(CacheErrorKind.Io, $"{key} cannot be removed: error {(int)error} ({error}).");
        }

        UnlinkMetadata(path);
        if (!TakeOut(key, kind))
        {
            // Another process had added it.
            lock (_gate)
            {
                kind.Recovered++;
                kind.Removed++;
            }
        }

        return true;
    }

    // Takes an entry whose file lost its name out of the index; false when the index did not know it.
    private bool TakeOut(ArtifactKey key, DiskKind kind)
    {
        long weight = 0;
        lock (_gate)
        {
            var slot = _index.Find(kind.Id, key.Fingerprint);
            if (slot >= 0)
            {
                weight = _index[slot].Weight;
                RemoveSlot(slot, kind);
                kind.Removed++;

                // Booked until it is known whether a lease keeps the file.
                _budget.PinnedBytes += weight;
            }
        }

        var isPinned = DropContent(key, weight);
        if (weight > 0)
        {
            lock (_gate)
            {
                _budget.PinnedBytes -= isPinned ? 0 : weight;
            }

            SignalSpace();
        }

        return weight > 0;
    }

    // The file of an entry is gone although nobody here removed it.
    private void Forget(ArtifactKey key, DiskKind kind) => TakeOut(key, kind);

    // Moves what failed verification out of the way, where a person can look at it. Only the owner of the directory
    // does; for others it is a miss. Called under the key's lock.
    private void SetAside(ArtifactKey key, DiskKind kind)
    {
        Log.Quarantined(_logger, key);
        if (!IsOwner)
        {
            DropContent(key, 0);
            return;
        }

        ReportQuarantined(key, kind);
        var path = _paths.Payload(key);
        _quarantine.Take(path, $"{key.Kind.Name}-{key.Fingerprint}");
        lock (_gate)
        {
            // Before the entry's own weight goes, so that nothing is ever uncounted.
            _budget.QuarantinedBytes = _quarantine.Bytes;
        }

        var wasKnown = TakeOut(key, kind);
        lock (_gate)
        {
            kind.Quarantined++;
            if (!wasKnown)
            {
                kind.Recovered++;
                kind.Removed++;
            }
        }
    }

    private void NoteFailure(Errno error, string operation, ArtifactKey key)
    {
        CountError();
        Log.DiskFailure(_logger, operation, key, (int)error);
    }
}
