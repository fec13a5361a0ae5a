using System.Buffers;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Memory;

/// <summary>
/// Writes one artifact into the memory tier. A known length is booked and made at once, and the bytes go straight to
/// where they will live. An unknown one grows in pooled segments, each booked before it is taken, which the commit
/// copies into one piece.
/// </summary>
internal sealed class MemoryWriter : ArtifactWriter
{
    private const int SegmentBytes = 64 * 1024;

    private readonly ArtifactMemoryTier _tier;
    private readonly long _length;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<byte[]> _segments = [];

    private MemoryReservation _reservation;
    private MemoryTarget _target;
    private bool _hasTarget;
    private long _written;

    // Stored while all is well; anything else is final.
    private PutOutcome _state = PutOutcome.Stored;
    private bool _ended;

    public MemoryWriter(ArtifactMemoryTier tier, ArtifactKey key, long length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, -1);
        _tier = tier;
        _length = length;
        Key = key;
        if (!tier.TryResize(ref _reservation, Math.Max(0, length)))
        {
            _state = WhyNot(Math.Max(0, length));
        }
        else if (length >= 0)
        {
            _hasTarget = tier.TryMake(length, out _target);
            _state = _hasTarget ? PutOutcome.Stored : PutOutcome.NoSpace;
        }

        if (_state != PutOutcome.Stored)
        {
            LetGo();
        }
    }

    public override ArtifactKey Key { get; }

    public override long BytesWritten => _written;

    public override ValueTask<PutOutcome> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_state == PutOutcome.Stored)
        {
            _state = _hasTarget ? Fill(data.Span) : Grow(data.Span);
            if (_state == PutOutcome.Stored)
            {
                _hash.AppendData(data.Span);
            }
            else
            {
                LetGo();
            }
        }

        return ValueTask.FromResult(_state);
    }

    public override ValueTask<CommitResult> CommitAsync(ArtifactMetadata description, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(description);
        ObjectDisposedException.ThrowIf(_ended, this);
        cancellationToken.ThrowIfCancellationRequested();
        _ended = true;
        var lease = ArtifactLease.Miss;
        if (_state == PutOutcome.Stored)
        {
            _state = Commit(description, out lease);
        }
        else
        {
            Refuse(description);
        }

        LetGo();
        return ValueTask.FromResult(new CommitResult(_state, lease));
    }

    public override ValueTask DisposeAsync()
    {
        _ended = true;
        LetGo();
        _hash.Dispose();
        return ValueTask.CompletedTask;
    }

    // More bytes than were announced are not the artifact that was announced.
    private PutOutcome Fill(ReadOnlySpan<byte> data)
    {
        if (_written + data.Length > _length)
        {
            return PutOutcome.DigestMismatch;
        }

        data.CopyTo(_target.Span[(int)_written..]);
        _written += data.Length;
        return PutOutcome.Stored;
    }

    private PutOutcome Grow(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var used = (int)(_written % SegmentBytes);
            if (_written == (long)_segments.Count * SegmentBytes)
            {
                var booked = ((long)_segments.Count + 1) * SegmentBytes;
                if (!_tier.TryResize(ref _reservation, booked))
                {
                    return WhyNot(booked);
                }

                _segments.Add(ArrayPool<byte>.Shared.Rent(SegmentBytes));
            }

            var count = Math.Min(data.Length, SegmentBytes - used);
            data[..count].CopyTo(_segments[^1].AsSpan(used));
            data = data[count..];
            _written += count;
        }

        return PutOutcome.Stored;
    }

    private PutOutcome Commit(ArtifactMetadata description, out ArtifactLease lease)
    {
        lease = ArtifactLease.Miss;
        var digest = Fingerprint.FromHash(_hash);
        if (!ArtifactMemoryTier.Agrees(description, _written, digest) || (_length >= 0 && _length != _written))
        {
            _tier.CountersFor(Key).CountRefusedPut();
            return PutOutcome.DigestMismatch;
        }

        if (!_hasTarget && !Unite(out var outcome))
        {
            _state = outcome;
            Refuse(description);
            return outcome;
        }

        var metadata = _tier.Complete(description, _written, digest);
        var content = _target.ToContent(_tier, metadata, _tier.CountersFor(Key));
        _hasTarget = false;

        // The caller's reference is taken first: the entry may be evicted before the put returns.
        content.TryAcquire();
        lease = new ArtifactLease(content, TierKind.Memory);
        var stored = _tier.Commit(ref _reservation, Key, content);
        if (stored != PutOutcome.Stored)
        {
            lease.Dispose();
        }

        return stored;
    }

    // For a moment the payload is there twice, and is booked twice.
    private bool Unite(out PutOutcome outcome)
    {
        var segments = (long)_segments.Count * SegmentBytes;
        if (!_tier.TryResize(ref _reservation, segments + _written))
        {
            outcome = WhyNot(_written);
            return false;
        }

        _hasTarget = _tier.TryMake(_written, out _target);
        outcome = _hasTarget ? PutOutcome.Stored : PutOutcome.NoSpace;
        if (_hasTarget)
        {
            var target = _target.Span;
            foreach (var segment in _segments)
            {
                var count = Math.Min(target.Length, SegmentBytes);
                segment.AsSpan(0, count).CopyTo(target);
                target = target[count..];
            }

            ReturnSegments();
            _tier.TryResize(ref _reservation, _written);
        }

        return _hasTarget;
    }

    private PutOutcome WhyNot(long payloadBytes)
    {
        var capacity = _tier.CapacityBytes;
        return _tier.IsDisabled ? PutOutcome.Disabled
            : payloadBytes > _tier.MaxPayloadBytes || _tier.WeightOf(payloadBytes) > capacity ? PutOutcome.TooLarge
            : PutOutcome.NoSpace;
    }

    // A refused put removes the older value of its key and is counted, as every other.
    private void Refuse(ArtifactMetadata description)
    {
        var counters = _tier.CountersFor(Key);
        if (_state == PutOutcome.DigestMismatch)
        {
            counters.CountRefusedPut();
            return;
        }

        var length = Math.Max(_length, _written);
        var weight = _state == PutOutcome.TooLarge
            ? Math.Max(_tier.WeightOf(length), _tier.CapacityBytes + 1)
            : _tier.WeightOf(length);
        _tier.Refuse(Key, weight, description, counters);
    }

    private void LetGo()
    {
        if (_hasTarget)
        {
            _hasTarget = false;
            _target.Free();
        }

        ReturnSegments();
        _reservation.Dispose();
    }

    private void ReturnSegments()
    {
        foreach (var segment in _segments)
        {
            ArrayPool<byte>.Shared.Return(segment);
        }

        _segments.Clear();
    }
}
