using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

// The hard budget: booking, choosing victims, removing their files.
public sealed partial class DiskTier
{
    // Room that is kept free in advance, so that a put seldom waits for files to be removed.
    private const int HeadroomShare = 64;
    private const long MaxHeadroomBytes = 256L * 1024 * 1024;
    private const int MaxReserveAttempts = 64;
    private const int MaxSpared = 256;
    private static readonly TimeSpan SpaceWait = TimeSpan.FromMilliseconds(250);

    // Guarded by _gate: completed when space came back; null while nobody waits.
    private TaskCompletionSource? _spaceCame;

    internal long Capacity => Volatile.Read(ref _capacity);

    /// <summary>Changes the limits; what is above them leaves in the background, reported as resized.</summary>
    /// <param name="capacityBytes">New capacity in bytes; 0 switches the tier off.</param>
    /// <param name="maxEntries">New limit of entries; -1 for none.</param>
    public void Resize(long capacityBytes, long maxEntries)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEntries, -1);
        lock (_gate)
        {
            _budget.CapacityBytes = capacityBytes;
            _budget.MaxEntries = maxEntries;
            _capacity = capacityBytes;
            _isResizing = true;
        }

        SignalSpace();
    }

    /// <summary>
    /// Books bytes and entries, evicting when that makes room. False when there is none that may be freed now. Never
    /// called while a key's lock is held.
    /// </summary>
    internal async ValueTask<bool> ReserveAsync(long bytes, int entries, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxReserveAttempts; attempt++)
        {
            List<ArtifactKey> victims;
            EvictionReport report;
            Task spaceCame = Task.CompletedTask;
            lock (_gate)
            {
                var excessBytes = _budget.UsedBytes + bytes - _budget.CapacityBytes;
                var excessEntries = _budget.MaxEntries < 0
                    ? 0
                    : _index.Count + _budget.ReservedEntries + entries - _budget.MaxEntries;
                if ((excessBytes <= 0 && excessEntries <= 0) || !IsOwner)
                {
                    _budget.ReservedBytes += bytes;
                    _budget.ReservedEntries += entries;
                    ExtendClaim();
                    return true;
                }

                victims = ChooseVictims(excessBytes - _budget.DyingBytes, excessEntries, RemovalReason.ByteLimit, out report);
                if (victims.Count == 0 && _budget.DyingBytes == 0 && _budget.UnaccountedBytes == 0)
                {
                    return false;
                }

                if (victims.Count == 0)
                {
                    _spaceCame ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    spaceCame = _spaceCame.Task;
                }
            }

            await RemoveVictimsAsync(victims, report).ConfigureAwait(false);
            if (victims.Count == 0)
            {
                // Others remove files, or recovery finds less than was feared; wait a little for them.
                await Task.WhenAny(spaceCame, Task.Delay(SpaceWait, cancellationToken)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return false;
    }

    /// <summary>Gives back what was booked and not used.</summary>
    internal void Unreserve(long bytes, int entries)
    {
        lock (_gate)
        {
            _budget.ReservedBytes -= bytes;
            _budget.ReservedEntries -= entries;
        }

        SignalSpace();
    }

    /// <summary>Evicts at least so many bytes because the medium is full; returns whether anything went.</summary>
    internal async ValueTask<bool> FreeSpaceAsync(long bytes)
    {
        if (!IsOwner)
        {
            return false;
        }

        List<ArtifactKey> victims;
        EvictionReport report;
        lock (_gate)
        {
            victims = ChooseVictims(bytes, 0, RemovalReason.ByteLimit, out report);
        }

        await RemoveVictimsAsync(victims, report).ConfigureAwait(false);
        return victims.Count > 0;
    }

    // Takes entries out of the index until enough would be free. Leased ones free nothing until they are given back,
    // and are spared while there are others. Called under the gate.
    private List<ArtifactKey> ChooseVictims(
        long excessBytes, long excessEntries, RemovalReason byteReason, out EvictionReport report)
    {
        var victims = new List<ArtifactKey>();
        long bytes = 0;
        long age = 0;
        var spared = 0;
        var reason = (excessBytes > 0, excessEntries > 0) switch
        {
            (true, true) => RemovalReason.EntryAndByteLimit,
            (false, true) => RemovalReason.EntryLimit,
            _ => byteReason,
        };
        while (bytes < excessBytes || victims.Count < excessEntries)
        {
            var slot = _index.NextVictim();
            if (slot < 0)
            {
                break;
            }

            ref var entry = ref _index[slot];
            var kind = _kindsById[entry.Kind];
            var key = new ArtifactKey(kind.Kind, entry.Fingerprint);
            if (spared < Math.Min(MaxSpared, _index.Count) && _open.TryGetValue(key, out var content) && content.IsLeased)
            {
                _index.Spare(slot);
                spared++;
                continue;
            }

            if (spared >= _index.Count && victims.Count >= excessEntries)
            {
                // Everything left is leased: its bytes would not come back now.
                break;
            }

            var weight = entry.Weight;
            age = Math.Max(age, _now < entry.LastUse ? 0 : _now - entry.LastUse);
            bytes += weight;
            kind.Evicted++;
            kind.EvictedBytes += weight;
            _index.Remember(slot);
            RemoveSlot(slot, kind);
            _dying[key] = weight;
            _budget.DyingBytes += weight;
            victims.Add(key);
        }

        report = new EvictionReport(victims.Count, bytes, age, reason);
        return victims;
    }

    // Takes an entry out of the index and its sums; the caller books its weight elsewhere. Called under the gate.
    private void RemoveSlot(int slot, DiskKind kind)
    {
        var weight = _index[slot].Weight;
        _index.Remove(slot);
        _budget.LiveBytes -= weight;
        kind.Bytes -= weight;
        kind.Entries--;
    }

    private async ValueTask RemoveVictimsAsync(List<ArtifactKey> victims, EvictionReport report)
    {
        if (victims.Count == 0)
        {
            return;
        }

        ReportVictims(victims, report);
        foreach (var key in victims)
        {
            _handles.Remove(key);
        }

        foreach (var key in victims)
        {
            await _keys.TakeAsync(key, CancellationToken.None).ConfigureAwait(false);
            try
            {
                FinishDying(key);
            }
            finally
            {
                _keys.Release(key);
            }
        }

        _options.Evicted?.Invoke(report);
    }

    // Removes the files of an entry that left the index; true when nothing of it is left. Called under the key's lock.
    private bool FinishDying(ArtifactKey key)
    {
        long weight;
        lock (_gate)
        {
            if (!_dying.TryGetValue(key, out weight))
            {
                return true;
            }
        }

        if (!UnlinkEntry(key))
        {
            return false;
        }

        var isPinned = DropContent(key, weight);
        lock (_gate)
        {
            // From one sum to the other at once, so that it is never counted twice or not at all.
            _dying.Remove(key);
            _budget.DyingBytes -= weight;
            _budget.PinnedBytes += isPinned ? weight : 0;
        }

        SignalSpace();
        return true;
    }

    // Removes both names of an entry. The payload goes first: without it the other is nothing.
    private bool UnlinkEntry(ArtifactKey key)
    {
        var path = _paths.Payload(key);
        var error = Io.Unlink(path);
        if (error is not (Errno.None or Errno.NoEntry or Errno.NotDirectory or Errno.IsDirectory))
        {
            NoteFailure(error, "unlink", key);
            return false;
        }

        UnlinkMetadata(path);
        return true;
    }

    private void UnlinkMetadata(string payloadPath)
    {
        var path = payloadPath + DiskPaths.MetadataSuffix;
        if (Io.Unlink(path) == Errno.None)
        {
            Io.Unlink(path + DiskPaths.OldSuffix);
        }
    }

    // Forgets the open content of a key whose file lost its name. True when a lease keeps it open: the caller books the
    // weight as pinned, and the content gives it back when it closes, which may be sooner.
    private bool DropContent(ArtifactKey key, long weight)
    {
        if (!_open.TryRemove(key, out var content))
        {
            return false;
        }

        var isPinned = weight > 0 && content.TryPin(weight);
        _handles.Remove(key);
        return isPinned;
    }

    // Tells everyone who waits for space, and the background work.
    private void SignalSpace()
    {
        _work.Writer.TryWrite(0);
        if (Volatile.Read(ref _spaceCame) is null)
        {
            return;
        }

        TaskCompletionSource? waiters;
        lock (_gate)
        {
            waiters = _spaceCame;
            _spaceCame = null;
        }

        waiters?.TrySetResult();
    }

    // Keeps headroom free, and retries what could not be removed.
    private async Task KeepHeadroomAsync()
    {
        List<ArtifactKey> victims;
        EvictionReport report;
        lock (_gate)
        {
            var headroom = Math.Min(_budget.CapacityBytes / HeadroomShare, MaxHeadroomBytes);
            var excessBytes = _budget.UsedBytes - _budget.UnaccountedBytes - _budget.DyingBytes + headroom - _budget.CapacityBytes;
            var excessEntries = _budget.MaxEntries < 0 ? 0 : _index.Count + _budget.ReservedEntries - _budget.MaxEntries;
            if (excessBytes <= 0 && excessEntries <= 0)
            {
                _isResizing = false;
                return;
            }

            victims = ChooseVictims(
                excessBytes, excessEntries, _isResizing ? RemovalReason.Resized : RemovalReason.ByteLimit, out report);
            if (_isResizing && victims.Count > 0)
            {
                report = report with { Reason = RemovalReason.Resized };
            }

            _isResizing = false;
        }

        await RemoveVictimsAsync(victims, report).ConfigureAwait(false);
    }

    private async Task ReapAllAsync()
    {
        List<ArtifactKey> dying;
        lock (_gate)
        {
            dying = [.. _dying.Keys];
        }

        foreach (var key in dying)
        {
            await _keys.TakeAsync(key, CancellationToken.None).ConfigureAwait(false);
            try
            {
                FinishDying(key);
            }
            finally
            {
                _keys.Release(key);
            }
        }
    }
}
