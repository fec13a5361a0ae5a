using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

/// <summary>The open file of one entry, verified when it was opened. At most one lives for a file and a key.</summary>
internal sealed class DiskContent : ArtifactContent
{
    private readonly DiskTier _tier;
    private readonly SafeFileHandle _file;
    private readonly Lock _gate = new();

    private Verification _verification;

    // Whether the file was read since the clock hand last passed. A lost write is harmless.
    private bool _recent = true;

    // Guarded by _gate: what the removed file still takes from the capacity, and whether the handle is closed.
    private long _pinnedBytes;
    private bool _freed;

    /// <summary>Takes ownership of the handles.</summary>
    public DiskContent(
        DiskTier tier,
        ArtifactKey key,
        DiskKind kind,
        ArtifactMetadata metadata,
        SafeFileHandle file,
        SafeFileHandle? metadataFile,
        Verification verification)
        : base(metadata, counted: true)
    {
        _tier = tier;
        Key = key;
        KeyHash = key.GetHashCode();
        Kind = kind;
        _file = file;
        MetadataFile = metadataFile;
        _verification = verification;
    }

    /// <summary>Whose bytes these are.</summary>
    public ArtifactKey Key { get; }

    /// <summary>The key's hash, to compare first.</summary>
    public int KeyHash { get; }

    /// <summary>The counters of the key's kind.</summary>
    public DiskKind Kind { get; }

    /// <summary>The file that holds the trailer, when it is not <see cref="File"/>.</summary>
    public SafeFileHandle? MetadataFile { get; }

    /// <inheritdoc/>
    public override SafeFileHandle File => _file;

    /// <summary>The place in the index, for touching it; -1 before it is indexed. May be out of date: a hint.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Whether somebody besides the table of open files reads it; out of date as soon as it is read.</summary>
    public bool IsLeased => !IsIdle;

    /// <summary>The newest proof.</summary>
    public Verification Verification
    {
        get => Volatile.Read(ref _verification);
        set => Volatile.Write(ref _verification, value);
    }

    /// <summary>Whether the proof still holds: one question to the kernel.</summary>
    public bool IsCurrent(DiskIo io, long timestamp, long maxAge)
    {
        var verification = Verification;
        return verification.IsSettled
            && timestamp - verification.Timestamp <= maxAge
            && io.Stat(_file, out var stamp) == Errno.None
            && stamp.HasSameBytes(verification.Stamp);
    }

    /// <summary>Notes a read.</summary>
    public void MarkRecent()
    {
        if (!_recent)
        {
            _recent = true;
        }
    }

    /// <summary>Returns whether there was a read since the last call.</summary>
    public bool TakeRecent()
    {
        var recent = _recent;
        _recent = false;
        return recent;
    }

    /// <summary>
    /// Notes that the file has no name any more but takes <paramref name="bytes"/> until it is closed; false when it is
    /// closed already.
    /// </summary>
    public bool TryPin(long bytes)
    {
        lock (_gate)
        {
            _pinnedBytes += _freed ? 0 : bytes;
            return !_freed;
        }
    }

    /// <inheritdoc/>
    public override int Read(long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        var wanted = (int)Math.Min(destination.Length, Length - offset);
        if (wanted == 0)
        {
            return 0;
        }

        var error = _tier.Io.Read(_file, offset, destination[..wanted], out var count);
        if (error != Errno.None)
        {
            _tier.CountError();
            throw new CacheException(CacheErrorKind.Io, $"Reading {Key} failed with error {(int)error} ({error}).");
        }

        return count > 0
            ? count
            : throw new CacheException(CacheErrorKind.Damaged, $"The file of {Key} was cut short while it was read.");
    }

    /// <inheritdoc/>
    public override bool TryReadCached(long offset, Span<byte> destination) =>
        offset >= 0
        && destination.Length <= Length - offset
        && _tier.Io.ReadCached(_file, offset, destination, out var count) == Errno.None
        && count == destination.Length;

    /// <inheritdoc/>
    protected override void Free()
    {
        long pinned;
        lock (_gate)
        {
            _freed = true;
            pinned = _pinnedBytes;
        }

        _file.Dispose();
        MetadataFile?.Dispose();
        _tier.OnContentFreed(this, pinned);
    }
}
