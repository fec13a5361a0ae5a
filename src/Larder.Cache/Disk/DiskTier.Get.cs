using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

// Lookups: the lock-free hit on an open file, and opening and verifying under the key's lock.
public sealed partial class DiskTier
{
    // Files above this length are verified on another thread.
    private const long InlineVerifyBytes = 1024 * 1024;
    private const int MaxChanges = 3;

    // Numbers lookups and verifications in the order in which they begin.
    private long _turns;

    private enum OpenOutcome
    {
        Missing,
        Found,
        Failed,
    }

    /// <summary>
    /// Looks an entry up. A hit's content is verified and its <see cref="ArtifactContent.File"/> is an open handle
    /// with the payload at offset 0; do not write to it. Throttled means that the medium failed.
    /// </summary>
    public ValueTask<ArtifactLease> GetAsync(ArtifactKey key, CancellationToken cancellationToken = default)
    {
        var content = FindOpen(key);
        return content is not null
            ? new ValueTask<ArtifactLease>(CountHit(content))
            : OpenForLeaseAsync(key, cancellationToken);
    }

    /// <summary>
    /// Looks an entry up among the open files alone, which takes no lock and does not wait for the medium. False says
    /// nothing and is not counted: ask <see cref="GetAsync"/> then.
    /// </summary>
    /// <param name="key">Names the entry.</param>
    /// <param name="longerThan">Entries of this length or less are passed over; -1 for none.</param>
    /// <param name="lease">The hit; the caller disposes it.</param>
    internal bool TryGetOpen(ArtifactKey key, long longerThan, out ArtifactLease lease)
    {
        var content = FindOpen(key);
        if (content is null || content.Length <= longerThan)
        {
            content?.Release();
            lease = default;
            return false;
        }

        lease = CountHit(content);
        return true;
    }

    /// <summary>
    /// Whether an entry lies on disk, without verifying it and without counting as a lookup or a use.
    /// </summary>
    public ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var kind = KindOf(key.Kind);
        if (kind is null || !IsEnabled(kind))
        {
            return new ValueTask<bool>(false);
        }

        lock (_gate)
        {
            if (_dying.ContainsKey(key))
            {
                return new ValueTask<bool>(false);
            }
        }

        return new ValueTask<bool>(Io.Stat(_paths.Payload(key), out var stamp) == Errno.None && stamp.IsFile);
    }

    private long NextTurn() => Interlocked.Increment(ref _turns);

    // With a reference for the caller; null unless the newest proof still holds.
    private DiskContent? FindOpen(ArtifactKey key)
    {
        var content = _handles.Find(key);
        if (content is null || content.IsCurrent(Io, _time.GetTimestamp(), _verifyTicks))
        {
            return content;
        }

        content.Release();
        return null;
    }

    private ArtifactLease CountHit(DiskContent content)
    {
        content.Kind.CountHit(content.Length);
        _index.Touch(content.Slot, Volatile.Read(ref _now));
        return new ArtifactLease(content, TierKind.Disk);
    }

    private bool IsEnabled(DiskKind kind) => kind.Options.Disk && Volatile.Read(ref _disposed) == 0 && Capacity > 0;

    private async ValueTask<ArtifactLease> OpenForLeaseAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        var arrived = NextTurn();
        var kind = KindOf(key.Kind);
        if (kind is null)
        {
            return ArtifactLease.Miss;
        }

        if (!IsEnabled(kind))
        {
            kind.CountMiss();
            return ArtifactLease.Miss;
        }

        OpenOutcome outcome;
        DiskContent? content;
        await _keys.TakeAsync(key, cancellationToken).ConfigureAwait(false);
        try
        {
            (outcome, content) = await OpenEntryAsync(key, kind, arrived, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _keys.Release(key);
        }

        switch (outcome)
        {
            case OpenOutcome.Found:
                return CountHit(content!); // Not null when found.
            case OpenOutcome.Failed:
                kind.CountThrottled();
                return ArtifactLease.Throttled;
            default:
                kind.CountMiss();
                return ArtifactLease.Miss;
        }
    }

    // Finds the verified content of a key, with a reference for the caller. A proof that was begun after the caller
    // arrived is as good as one made for it. Called under the key's lock.
    private async ValueTask<(OpenOutcome Outcome, DiskContent? Content)> OpenEntryAsync(
        ArtifactKey key, DiskKind kind, long arrived, CancellationToken cancellationToken)
    {
        if (!FinishDying(key))
        {
            return (OpenOutcome.Missing, null);
        }

        if (_open.TryGetValue(key, out var content) && content.TryAcquire())
        {
            var outcome = await ReverifyAsync(content, arrived, cancellationToken).ConfigureAwait(false);
            if (outcome == VerifierOutcome.Verified)
            {
                KeepOpen(content);
                return (OpenOutcome.Found, content);
            }

            if (outcome == VerifierOutcome.Damaged)
            {
                SetAside(key, kind);
            }

            content.Release();
            if (outcome is VerifierOutcome.Damaged or VerifierOutcome.Failed)
            {
                return (outcome == VerifierOutcome.Failed ? OpenOutcome.Failed : OpenOutcome.Missing, null);
            }

            // The file lost its name or keeps changing: look at the path again.
            DropContent(key, 0);
        }

        return await OpenFileAsync(key, kind, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<VerifierOutcome> ReverifyAsync(
        DiskContent content, long arrived, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxChanges; attempt++)
        {
            var now = _time.GetTimestamp();
            if (content.Verification.Turn > arrived || content.IsCurrent(Io, now, _verifyTicks))
            {
                return VerifierOutcome.Verified;
            }

            var error = Io.Stat(content.File, out var stamp);
            if (error != Errno.None)
            {
                NoteFailure(error, "stat", content.Key);
                return VerifierOutcome.Failed;
            }

            // Something changed. What the path names now is what counts, be it the same file or another.
            if (stamp.Links == 0
                || Io.Stat(_paths.Payload(content.Key), out var named) != Errno.None
                || named.Inode != stamp.Inode)
            {
                return VerifierOutcome.Foreign;
            }

            var result = await VerifyAsync(content.File, content.MetadataFile, content.Key, content.Kind, stamp.Size, cancellationToken)
                .ConfigureAwait(false);
            if (result.Outcome == VerifierOutcome.Verified && result.Metadata!.Digest == content.Metadata.Digest)
            {
                content.Verification = result.Verification!; // Set when verified.
                return VerifierOutcome.Verified;
            }

            if (result.Outcome == VerifierOutcome.Failed)
            {
                NoteFailure(result.Error, "read", content.Key);
                return VerifierOutcome.Failed;
            }

            if (result.Outcome != VerifierOutcome.Changed)
            {
                return VerifierOutcome.Damaged;
            }
        }

        return VerifierOutcome.Changed;
    }

    private async ValueTask<(OpenOutcome Outcome, DiskContent? Content)> OpenFileAsync(
        ArtifactKey key, DiskKind kind, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxChanges; attempt++)
        {
            var error = OpenRead(_paths.Payload(key), out var file);
            if (error != Errno.None)
            {
                return (OnOpenFailed(error, key, kind), null);
            }

            SafeFileHandle? metadataFile = null;
            DiskContent? content = null;
            try
            {
                VerifierResult result;
                (result, metadataFile) = await VerifyFormsAsync(file!, key, kind, cancellationToken).ConfigureAwait(false);
                switch (result.Outcome)
                {
                    case VerifierOutcome.Verified:
                        content = new DiskContent(
                            this, key, kind, result.Metadata!, file!, metadataFile, result.Verification!);
                        return Adopt(content, metadataFile) ? (OpenOutcome.Found, content) : (OpenOutcome.Missing, null);
                    case VerifierOutcome.Failed:
                        NoteFailure(result.Error, "read", key);
                        return (OpenOutcome.Failed, null);
                    case VerifierOutcome.Foreign:
                        Forget(key, kind);
                        return (OpenOutcome.Missing, null);
                    case VerifierOutcome.Changed:
                        continue;
                    default:
                        SetAside(key, kind);
                        return (OpenOutcome.Missing, null);
                }
            }
            finally
            {
                if (content is null)
                {
                    file!.Dispose();
                    metadataFile?.Dispose();
                }
            }
        }

        return (OpenOutcome.Failed, null);
    }

    // Tries the form that the kind's options say first, and the other when the file is not of it.
    private async ValueTask<(VerifierResult Result, SafeFileHandle? MetadataFile)> VerifyFormsAsync(
        SafeFileHandle file, ArtifactKey key, DiskKind kind, CancellationToken cancellationToken)
    {
        var error = Io.Stat(file, out var stamp);
        if (error != Errno.None)
        {
            return (new VerifierResult(VerifierOutcome.Failed, error), null);
        }

        if (kind.Options.DiskForm == DiskForm.Framed)
        {
            var framed = await VerifyAsync(file, null, key, kind, stamp.Size, cancellationToken).ConfigureAwait(false);
            if (framed.Outcome != VerifierOutcome.Unframed)
            {
                return (framed, null);
            }
        }

        var metadataPath = _paths.Metadata(key);
        var (raw, metadataFile) = await VerifyRawAsync(file, metadataPath, key, kind, stamp.Size, cancellationToken).ConfigureAwait(false);
        if (raw.Outcome == VerifierOutcome.Damaged)
        {
            // A crash in the middle of a replacement leaves what belongs to the payload under the other name.
            var oldPath = metadataPath + DiskPaths.OldSuffix;
            (raw, metadataFile) = await VerifyRawAsync(file, oldPath, key, kind, stamp.Size, cancellationToken).ConfigureAwait(false);
            if (raw.Outcome == VerifierOutcome.Verified && IsOwner)
            {
                Io.Rename(oldPath, metadataPath, replace: true);
            }
        }

        return kind.Options.DiskForm == DiskForm.Raw && raw.Outcome == VerifierOutcome.Damaged
            ? (await VerifyAsync(file, null, key, kind, stamp.Size, cancellationToken).ConfigureAwait(false), null)
            : (raw, metadataFile);
    }

    // Damaged also stands for metadata that are not there.
    private async ValueTask<(VerifierResult Result, SafeFileHandle? MetadataFile)> VerifyRawAsync(
        SafeFileHandle file,
        string metadataPath,
        ArtifactKey key,
        DiskKind kind,
        long fileBytes,
        CancellationToken cancellationToken)
    {
        var error = OpenRead(metadataPath, out var metadataFile);
        if (error != Errno.None)
        {
            var isAbsent = error.IsAbsent() || error == Errno.SymbolicLink;
            return (new VerifierResult(isAbsent ? VerifierOutcome.Damaged : VerifierOutcome.Failed, error), null);
        }

        var isKept = false;
        try
        {
            var result = await VerifyAsync(file, metadataFile, key, kind, fileBytes, cancellationToken).ConfigureAwait(false);
            isKept = result.Outcome == VerifierOutcome.Verified;
            return (result, isKept ? metadataFile : null);
        }
        finally
        {
            if (!isKept)
            {
                metadataFile!.Dispose();
            }
        }
    }

    private ValueTask<VerifierResult> VerifyAsync(
        SafeFileHandle file,
        SafeFileHandle? metadataFile,
        ArtifactKey key,
        DiskKind kind,
        long fileBytes,
        CancellationToken cancellationToken)
    {
        var timestamp = _time.GetTimestamp();
        var turn = NextTurn();
        var depth = new VerifierDepth(kind.Options.ContentAddressed);
        if (fileBytes <= InlineVerifyBytes)
        {
            return new ValueTask<VerifierResult>(
                EntryVerifier.Verify(Io, file, metadataFile, key, depth, timestamp, turn, cancellationToken));
        }

        return new ValueTask<VerifierResult>(VerifyElsewhereAsync());

        // Apart, so that only large files pay for the closure.
        Task<VerifierResult> VerifyElsewhereAsync() => Task.Run(
            () => EntryVerifier.Verify(Io, file, metadataFile, key, depth, timestamp, turn, cancellationToken),
            cancellationToken);
    }

    // Opens for reading; when descriptors run out, gives back those that are only kept for later.
    private Errno OpenRead(string path, out SafeFileHandle? file)
    {
        var error = Io.OpenRead(path, out file);
        if (error is Errno.TooManyOpen or Errno.TooManyInSystem)
        {
            _handles.Clear();
            error = Io.OpenRead(path, out file);
        }

        return error;
    }

    private OpenOutcome OnOpenFailed(Errno error, ArtifactKey key, DiskKind kind)
    {
        if (error.IsAbsent())
        {
            Forget(key, kind);
            return OpenOutcome.Missing;
        }

        if (error == Errno.SymbolicLink)
        {
            // The link is in an entry's place and goes; what it points at is none of ours.
            if (IsOwner)
            {
                Io.Unlink(_paths.Payload(key));
                Log.SymbolicLinkRemoved(_logger, key);
            }

            Forget(key, kind);
            return OpenOutcome.Missing;
        }

        if (error == (Errno)6)
        {
            // A socket or a device without its other end.
            Forget(key, kind);
            return OpenOutcome.Missing;
        }

        NoteFailure(error, "open", key);
        return OpenOutcome.Failed;
    }

    // Registers a verified content, and its entry when the index does not know it. False when the entry was chosen to
    // go while it was verified. On success the caller holds a reference.
    private bool Adopt(DiskContent content, SafeFileHandle? metadataFile)
    {
        var blocks = BlocksOf(content.Verification.Stamp.Size);
        if (metadataFile is not null)
        {
            blocks += Io.Stat(metadataFile, out var metadata) == Errno.None ? BlocksOf(metadata.Size) : 1;
        }

        lock (_gate)
        {
            if (_dying.ContainsKey(content.Key))
            {
                return false;
            }

            content.Slot = AdoptEntry(content.Kind, content.Key, content.Length, blocks, OwnerHash(content.Metadata.Owner), metadataFile is not null);
        }

        content.TryAcquire();
        _open[content.Key] = content;
        _handles.Add(content);
        SignalSpace();
        return true;
    }

    // Puts an open content back among those that hits find, with a reference of its own.
    private void KeepOpen(DiskContent content)
    {
        if (content.TryAcquire())
        {
            _handles.Add(content);
        }
    }
}
