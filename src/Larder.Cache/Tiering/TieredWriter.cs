using System.Buffers;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;

namespace Larder.Cache.Tiering;

/// <summary>
/// Writes one artifact through the tiers of its kind. What is small enough for the memory tier is gathered in one
/// array that is booked against that tier, hashed once, and given to the disk tier and the memory tier at commit;
/// what is larger streams into the disk tier.
/// </summary>
/// <remarks>
/// A tier that refuses or fails does not stop the other: the put succeeds when one of them holds the artifact. A small
/// artifact is readable through the commit's lease even when no tier took it, so that a fill is never run in vain.
/// </remarks>
internal sealed class TieredWriter : ArtifactWriter
{
    private const int FirstBuffer = 16 * 1024;

    private readonly TieredCache _cache;
    private readonly KindState _kind;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly bool _measuresCost;
    private readonly long _startedWrites;
    private readonly int _smallLimit;

    // The payload so far while it is small; null once it streams to disk. Lent by the pool when memory is not to hold it.
    private byte[]? _buffer;
    private MemoryReservation _booking;
    private ArtifactWriter? _disk;
    private long _written;

    // Stored while all is well; anything else is final.
    private PutOutcome _state = PutOutcome.Stored;
    private bool _ended;

    /// <summary>Begins to write <paramref name="length"/> bytes, -1 when unknown.</summary>
    /// <param name="cache">Whose tiers take the bytes.</param>
    /// <param name="kind">The kind's options.</param>
    /// <param name="key">What is written.</param>
    /// <param name="length">Payload length in bytes, -1 when unknown.</param>
    /// <param name="measuresCost">Whether the time from here to the commit is what the artifact cost to make.</param>
    /// <param name="time">Stamps the artifact.</param>
    public TieredWriter(TieredCache cache, KindState kind, ArtifactKey key, long length, bool measuresCost, TimeProvider time)
    {
        _cache = cache;
        _kind = kind;
        _time = time;
        _startedAt = time.GetTimestamp();
        _measuresCost = measuresCost;
        _startedWrites = cache.Writes.Current(key);
        Key = key;
        var options = kind.Options;
        if (length > options.MaxEntryBytes)
        {
            _state = PutOutcome.TooLarge;
            return;
        }

        _smallLimit = (int)Math.Min(options.MaxMemoryEntryBytes, Array.MaxLength);
        if (length <= _smallLimit && TryBook(length < 0 ? 0 : length))
        {
            _buffer = length <= 0 ? [] : NewBuffer((int)length);
            return;
        }

        if (!TryOpenDisk(length))
        {
            _state = options.Memory || options.Disk ? PutOutcome.TooLarge : PutOutcome.Disabled;
        }
    }

    /// <summary>Whether the bytes come from the remote tier, and so need not go back there.</summary>
    public bool IsFromRemote { get; init; }

    public override ArtifactKey Key { get; }

    public override long BytesWritten => _written;

    private TierKind Source => IsFromRemote ? TierKind.Remote : TierKind.Fill;

    private bool UsesMemory => _kind.Options.Memory && _cache.Memory is not null;

    private bool UsesDisk => _kind.Options.Disk && _cache.Disk is not null;

    public override async ValueTask<PutOutcome> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        if (_state != PutOutcome.Stored || data.IsEmpty)
        {
            return _state;
        }

        if (_written + data.Length > _kind.Options.MaxEntryBytes)
        {
            return await RefuseAsync(PutOutcome.TooLarge).ConfigureAwait(false);
        }

        if (_buffer is not null)
        {
            if (TryBuffer(data.Span))
            {
                return _state;
            }

            var spilled = await SpillAsync(cancellationToken).ConfigureAwait(false);
            if (spilled != PutOutcome.Stored)
            {
                return await RefuseAsync(spilled).ConfigureAwait(false);
            }
        }

        var outcome = await _disk!.WriteAsync(data, cancellationToken).ConfigureAwait(false);
        _written += data.Length;
        return outcome == PutOutcome.Stored ? _state : await RefuseAsync(outcome).ConfigureAwait(false);
    }

    public override async ValueTask<CommitResult> CommitAsync(ArtifactMetadata description, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        _ended = true;
        if (_state != PutOutcome.Stored)
        {
            if (!IsFromRemote && _state != PutOutcome.Disabled)
            {
                await _cache.RemoveLocallyAsync(Key, RemovalReason.RejectedPut, CancellationToken.None).ConfigureAwait(false);
            }

            return new CommitResult(_state, ArtifactLease.Miss);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (IsFromRemote && _cache.Writes.Current(Key) != _startedWrites)
        {
            // Somebody put or removed the artifact here while the remote tier's copy was on its way: theirs is newer.
            return new CommitResult(PutOutcome.NotAdmitted, ArtifactLease.Miss);
        }

        // Counted before and after, so that no promotion of what was there before can outlive this commit.
        _cache.Writes.Advance(Key);
        CommitResult result;
        try
        {
            result = _buffer is not null
                ? await CommitSmallAsync(Complete(description), cancellationToken).ConfigureAwait(false)
                : await CommitLargeAsync(Complete(description), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _cache.Writes.Advance(Key);
        }

        if (!IsFromRemote && result.Outcome is (PutOutcome.Stored or PutOutcome.AlreadyPresent) && result.Lease.IsHit)
        {
            _cache.AfterCommit(_kind, Key, result.Lease);
        }

        return result;
    }

    public override async ValueTask DisposeAsync()
    {
        _ended = true;
        _booking.Dispose();
        _buffer = null;
        if (_disk is not null)
        {
            await _disk.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Fills in what the caller left out, and what content addressing demands.</summary>
    private ArtifactMetadata Complete(ArtifactMetadata description) => description with
    {
        Digest = _kind.Options.ContentAddressed ? Key.Fingerprint : description.Digest,
        CreatedAt = description.CreatedAt == default ? _time.GetUtcNow() : description.CreatedAt,
        Cost = _measuresCost && description.Cost == TimeSpan.Zero ? _time.GetElapsedTime(_startedAt) : description.Cost,
    };

    private async ValueTask<CommitResult> CommitSmallAsync(ArtifactMetadata description, CancellationToken cancellationToken)
    {
        var payload = _buffer.AsMemory(0, (int)_written);
        var digest = Fingerprint.OfContent(payload.Span);
        if ((!description.Digest.IsDefault && description.Digest != digest)
            || (description.Length >= 0 && description.Length != _written))
        {
            return new CommitResult(PutOutcome.DigestMismatch, ArtifactLease.Miss);
        }

        var content = new ArrayContent(payload, description with { Length = _written, Digest = digest });
        var outcome = PutOutcome.Disabled;
        if (UsesDisk)
        {
            _cache.NoteDiskPut(Key, _written);
            var stored = await _cache.Disk!.PutAsync(Key, content, cancellationToken).ConfigureAwait(false);
            outcome = stored.Outcome;
            if (!UsesMemory && stored.Lease.IsHit)
            {
                // What memory is not to hold is not held there by its readers either: they get the file.
                GiveBack();
                return new CommitResult(outcome, new ArtifactLease(stored.Lease.Content, Source));
            }

            stored.Lease.Dispose();
            await DropOlderAsync(outcome).ConfigureAwait(false);
        }

        if (UsesMemory)
        {
            var held = _cache.Memory!.Put(ref _booking, Key, content);
            if (outcome is not (PutOutcome.Stored or PutOutcome.AlreadyPresent))
            {
                outcome = held == PutOutcome.Stored || outcome == PutOutcome.Disabled ? held : outcome;
            }
        }

        return new CommitResult(outcome, new ArtifactLease(content, Source));
    }

    private async ValueTask<CommitResult> CommitLargeAsync(ArtifactMetadata description, CancellationToken cancellationToken)
    {
        _cache.NoteDiskPut(Key, _written);
        var result = await _disk!.CommitAsync(description, cancellationToken).ConfigureAwait(false);
        if (UsesMemory)
        {
            _cache.Memory!.Remove(Key, RemovalReason.Replaced);
        }

        await DropOlderAsync(result.Outcome).ConfigureAwait(false);
        return result.Lease.IsHit
            ? result with { Lease = new ArtifactLease(result.Lease.Content, Source) }
            : result;
    }

    /// <summary>A put that the disk tier refuses takes the older artifact of its key away: it must not come back later.</summary>
    private async ValueTask DropOlderAsync(PutOutcome outcome)
    {
        if (outcome is PutOutcome.NotAdmitted or PutOutcome.TooLarge or PutOutcome.NoSpace or PutOutcome.Unavailable)
        {
            await _cache.Disk!.RemoveAsync(Key, RemovalReason.RejectedPut, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Adds to the buffer when it stays small and the memory tier can book the growth.</summary>
    private bool TryBuffer(ReadOnlySpan<byte> data)
    {
        var needed = _written + data.Length;
        if (needed > _smallLimit)
        {
            return false;
        }

        if (needed > _buffer!.Length)
        {
            var grown = (int)Math.Min(_smallLimit, Math.Max(Math.Max(needed, FirstBuffer), 2L * _buffer.Length));
            if (!TryBook(grown))
            {
                return false;
            }

            var larger = NewBuffer(grown);
            _buffer.AsSpan(0, (int)_written).CopyTo(larger);
            GiveBack();
            _buffer = larger;
        }

        data.CopyTo(_buffer.AsSpan((int)_written));
        _written = needed;
        return true;
    }

    private byte[] NewBuffer(int length) =>
        UsesMemory ? GC.AllocateUninitializedArray<byte>(length) : ArrayPool<byte>.Shared.Rent(length);

    /// <summary>Lets go of the buffer, which nobody reads any more.</summary>
    private void GiveBack()
    {
        if (!UsesMemory && _buffer is { Length: > 0 } lent)
        {
            ArrayPool<byte>.Shared.Return(lent);
        }

        _buffer = null;
    }

    /// <summary>Books buffer bytes; without a memory tier small buffers are bounded by the number of writers alone.</summary>
    private bool TryBook(long bytes) => !UsesMemory ? UsesDisk : _cache.Memory!.TryResize(ref _booking, bytes);

    private bool TryOpenDisk(long length)
    {
        if (!UsesDisk)
        {
            return false;
        }

        _disk = _cache.Disk!.BeginWrite(Key, length);
        return true;
    }

    /// <summary>Turns from gathering to streaming.</summary>
    private async ValueTask<PutOutcome> SpillAsync(CancellationToken cancellationToken)
    {
        if (!TryOpenDisk(-1))
        {
            return PutOutcome.TooLarge;
        }

        var outcome = await _disk!.WriteAsync(_buffer.AsMemory(0, (int)_written), cancellationToken).ConfigureAwait(false);
        GiveBack();
        _booking.Dispose();
        return outcome;
    }

    private async ValueTask<PutOutcome> RefuseAsync(PutOutcome outcome)
    {
        _state = outcome;
        _buffer = null;
        _booking.Dispose();
        if (_disk is not null)
        {
            await _disk.DisposeAsync().ConfigureAwait(false);
            _disk = null;
        }

        return outcome;
    }
}
