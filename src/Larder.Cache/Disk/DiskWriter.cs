using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;
using Larder.Cache.Fingerprints;
using Larder.Cache.Integrity;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

/// <summary>
/// Writes one entry aside. Up to one block is held in memory, so that a small artifact costs one file, one write and
/// one rename.
/// </summary>
internal sealed class DiskWriter : ArtifactWriter
{
    private const int MinReservationStep = 256 * 1024;
    private const long MaxReservationStep = 64L * 1024 * 1024;
    private const int PreallocatedBytes = 256 * 1024;

    private readonly DiskTier _tier;
    private readonly DiskKind? _kind;
    private readonly long _declaredLength;

    // Whether the key is that of the bytes, which are not known before the commit.
    private readonly bool _isNamedByContent;
    private readonly List<uint> _checksums = [];
    private ArtifactKey _key;
    private byte[]? _buffer;
    private int _buffered;
    private long _written;
    private long _reserved;
    private IncrementalHash? _hash;
    private string? _path;
    private string? _metadataPath;
    private SafeFileHandle? _file;
    private PutOutcome _outcome;
    private bool _isDecided;
    private bool _retriedForSpace;

    public DiskWriter(DiskTier tier, ArtifactKey key, DiskKind? kind, long length, bool isNamedByContent = false)
    {
        _tier = tier;
        _kind = kind;
        _isNamedByContent = isNamedByContent;
        _key = key;
        _declaredLength = length;
        _outcome = tier.CheckPut(kind, length);
    }

    /// <inheritdoc/>
    public override ArtifactKey Key => _key;

    /// <inheritdoc/>
    public override long BytesWritten => _written;

    private DiskIo Io => _tier.Io;

    private DiskForm Form => _kind!.Options.DiskForm; // Without a kind the outcome is Disabled from the start.

    /// <inheritdoc/>
    public override async ValueTask<PutOutcome> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_isDecided, this);
        if (_outcome != PutOutcome.Stored || data.IsEmpty)
        {
            return _outcome;
        }

        var total = _written + data.Length;
        if (_declaredLength >= 0 && total > _declaredLength)
        {
            return Fail(PutOutcome.DigestMismatch);
        }

        if (_tier.CheckPut(_kind, total) is var allowed and not PutOutcome.Stored)
        {
            return Fail(allowed);
        }

        // Up to one block waits in memory, and needs no room on disk before it leaves.
        if (_buffered + data.Length > Trailer.BlockBytes && !await ReserveAsync(total, cancellationToken).ConfigureAwait(false))
        {
            return Fail(PutOutcome.NoSpace);
        }

        while (!data.IsEmpty)
        {
            data = data[Take(data, out var ready)..];
            var error = ready.IsEmpty ? Errno.None : await AppendAsync(ready).ConfigureAwait(false);
            if (error != Errno.None)
            {
                return Fail(_tier.OnPutFailed(error, "write", Key));
            }
        }

        return PutOutcome.Stored;
    }

    /// <inheritdoc/>
    public override async ValueTask<CommitResult> CommitAsync(ArtifactMetadata description, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(description);
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_isDecided, this);
        var result = _outcome == PutOutcome.Stored
            ? await FinishAsync(description, cancellationToken).ConfigureAwait(false)
            : new CommitResult(_outcome, default);
        Decide(result.Outcome);
        return result;
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        if (!_isDecided && _outcome != PutOutcome.Stored)
        {
            Decide(_outcome);
        }

        _isDecided = true;
        Abandon();
        return ValueTask.CompletedTask;
    }

    // Ends the put: everything is given back but what the entry owns now.
    private void Decide(PutOutcome outcome)
    {
        _isDecided = true;
        if (outcome == PutOutcome.Stored)
        {
            _reserved = 0;
            _path = null;
            _metadataPath = null;
        }
        else
        {
            DiskTier.CountRefused(_kind);
        }

        Abandon();
    }

    private PutOutcome Fail(PutOutcome outcome)
    {
        _outcome = outcome;
        Abandon();
        return outcome;
    }

    private void Abandon()
    {
        _file?.Dispose();
        _file = null;
        _hash?.Dispose();
        _hash = null;
        if (_path is not null)
        {
            Io.Unlink(_path);
            _path = null;
        }

        if (_metadataPath is not null)
        {
            Io.Unlink(_metadataPath);
            _metadataPath = null;
        }

        if (_reserved > 0)
        {
            _tier.Unreserve(_reserved, 1);
            _reserved = 0;
        }

        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }
    }

    // Copies into the block buffer or takes whole blocks as they are; gives what is ready to be written.
    private int Take(ReadOnlyMemory<byte> data, out ReadOnlyMemory<byte> ready)
    {
        ready = default;
        if (_buffered == Trailer.BlockBytes)
        {
            ready = _buffer.AsMemory(0, _buffered);
            _buffered = 0;
            return 0;
        }

        if (_buffered == 0 && data.Length > Trailer.BlockBytes)
        {
            ready = data[..Trailer.BlockBytes];
            _written += Trailer.BlockBytes;
            return Trailer.BlockBytes;
        }

        _buffer ??= ArrayPool<byte>.Shared.Rent(Trailer.BlockBytes);
        var count = Math.Min(data.Length, Trailer.BlockBytes - _buffered);
        data.Span[..count].CopyTo(_buffer.AsSpan(_buffered));
        _buffered += count;
        _written += count;
        return count;
    }

    // Writes one block, the last of which may be short.
    private async ValueTask<Errno> AppendAsync(ReadOnlyMemory<byte> block)
    {
        if (_file is null)
        {
            var error = await CreateAsync().ConfigureAwait(false);
            if (error != Errno.None)
            {
                return error;
            }
        }

        _hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _hash.AppendData(block.Span);
        var offset = (long)_checksums.Count * Trailer.BlockBytes;
        _checksums.Add(Crc32C.Compute(block.Span));
        return await WriteAllAsync(_file!, offset, block).ConfigureAwait(false); // Created above.
    }

    private async ValueTask<Errno> CreateAsync()
    {
        var path = _tier.Temporary.Next();
        var error = Create(path, out _file);
        if (error.IsNoSpace() && await FreeSpaceAsync().ConfigureAwait(false))
        {
            error = Create(path, out _file);
        }

        if (error != Errno.None)
        {
            return error;
        }

        _path = path;
        _tier.OnCreated();
        if (_declaredLength >= PreallocatedBytes)
        {
            error = Io.Allocate(_file!, _declaredLength);
            if (error.IsNoSpace() && await FreeSpaceAsync().ConfigureAwait(false))
            {
                error = Io.Allocate(_file!, _declaredLength);
            }
        }

        // Not every file system can preallocate; the writes will tell.
        return error.IsNoSpace() ? error : Errno.None;
    }

    // Unfinished files are only safe from others while the lock beside them is held.
    private Errno Create(string path, out SafeFileHandle? file)
    {
        file = null;
        var error = _tier.Temporary.Open();
        return error == Errno.None ? Io.Create(path, out file) : error;
    }

    private async ValueTask<Errno> WriteAllAsync(SafeFileHandle file, long offset, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
        {
            var error = Io.Write(file, offset, data.Span, out var count);
            if (error.IsNoSpace() && await FreeSpaceAsync().ConfigureAwait(false))
            {
                continue;
            }

            if (error != Errno.None || count == 0)
            {
                return error == Errno.None ? Errno.Io : error;
            }

            data = data[count..];
            offset += count;
        }

        return Errno.None;
    }

    // The medium is full although the budget is not: evicts as much as this entry needs, once.
    private async ValueTask<bool> FreeSpaceAsync()
    {
        if (_retriedForSpace)
        {
            return false;
        }

        _retriedForSpace = true;
        return await _tier.FreeSpaceAsync(Math.Max(_reserved, MinReservationStep)).ConfigureAwait(false);
    }

    private async ValueTask<bool> ReserveAsync(long payloadBytes, CancellationToken cancellationToken)
    {
        if (_reserved == 0 && _declaredLength >= 0)
        {
            payloadBytes = _declaredLength;
        }

        var needed = (_isNamedByContent ? 2 * DiskSlot.BlockBytes : _tier.NewDirectoryBytes(_kind!, Key))
            + WeightOf(payloadBytes, (int)(Trailer.BlockCount(payloadBytes) * sizeof(uint)) + 512);
        if (needed <= _reserved)
        {
            return true;
        }

        if (_declaredLength < 0)
        {
            needed += Math.Clamp(payloadBytes / 4, MinReservationStep, MaxReservationStep);
        }

        return await ReserveExactlyAsync(needed, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<bool> ReserveExactlyAsync(long bytes, CancellationToken cancellationToken)
    {
        if (!await _tier.ReserveAsync(bytes - _reserved, _reserved == 0 ? 1 : 0, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        _reserved = bytes;
        return true;
    }

    private long WeightOf(long payloadBytes, int trailerBytes) =>
        ((long)BlocksOf(payloadBytes, trailerBytes) * DiskSlot.BlockBytes) + DiskSlot.OverheadBytes;

    private uint BlocksOf(long payloadBytes, int trailerBytes) => Form == DiskForm.Framed
        ? DiskTier.BlocksOf(payloadBytes + trailerBytes)
        : DiskTier.BlocksOf(payloadBytes) + DiskTier.BlocksOf(trailerBytes);

    private async ValueTask<CommitResult> FinishAsync(ArtifactMetadata description, CancellationToken cancellationToken)
    {
        var last = _buffer is null ? default : _buffer.AsMemory(0, _buffered);
        Fingerprint digest;
        if (_hash is null)
        {
            digest = Fingerprint.OfContent(last.Span);
        }
        else
        {
            _hash.AppendData(last.Span);
            digest = Fingerprint.FromHash(_hash);
        }

        if (_isNamedByContent)
        {
            _key = Key with { Fingerprint = digest };
        }

        if ((_declaredLength >= 0 && _written != _declaredLength)
            || (description.Length >= 0 && description.Length != _written)
            || (!description.Digest.IsDefault && description.Digest != digest)
            || (_kind!.Options.ContentAddressed && Key.Fingerprint != digest))
        {
            return new CommitResult(PutOutcome.DigestMismatch, default);
        }

        var metadata = description with
        {
            Length = _written,
            Digest = digest,
            CreatedAt = description.CreatedAt == default ? _tier.UtcNow : description.CreatedAt,
        };
        var trailer = new byte[Trailer.Measure(Key.Kind, metadata, _written)];
        var weight = WeightOf(_written, trailer.Length) + _tier.NewDirectoryBytes(_kind!, Key);
        if (weight > _reserved && !await ReserveExactlyAsync(weight, cancellationToken).ConfigureAwait(false))
        {
            return new CommitResult(PutOutcome.NoSpace, default);
        }

        if (!last.IsEmpty)
        {
            _checksums.Add(Crc32C.Compute(last.Span));
        }

        Trailer.Write(trailer, Form, Key, metadata, CollectionsMarshal.AsSpan(_checksums));
        var error = await WriteEndAsync(last, trailer).ConfigureAwait(false);
        return error == Errno.None
            ? await PublishAsync(metadata, trailer.Length, cancellationToken).ConfigureAwait(false)
            : new CommitResult(_tier.OnPutFailed(error, "write", Key), default);
    }

    // Writes what is left of the payload, and the trailer behind it or into its own file.
    private async ValueTask<Errno> WriteEndAsync(ReadOnlyMemory<byte> last, byte[] trailer)
    {
        var error = _file is null ? await CreateAsync().ConfigureAwait(false) : Errno.None;
        if (error != Errno.None)
        {
            return error;
        }

        var offset = _written - last.Length;
        if (Form == DiskForm.Framed)
        {
            // Together with one write when they fit: the usual case of a small artifact.
            if (_buffer is not null && last.Length + trailer.Length <= _buffer.Length)
            {
                trailer.CopyTo(_buffer, last.Length);
                return await WriteAllAsync(_file!, offset, _buffer.AsMemory(0, last.Length + trailer.Length)).ConfigureAwait(false);
            }

            error = await WriteAllAsync(_file!, offset, last).ConfigureAwait(false);
            return error == Errno.None ? await WriteAllAsync(_file!, _written, trailer).ConfigureAwait(false) : error;
        }

        error = await WriteAllAsync(_file!, offset, last).ConfigureAwait(false);
        if (error != Errno.None)
        {
            return error;
        }

        var path = _tier.Temporary.Next();
        error = Io.Create(path, out var metadataFile);
        if (error != Errno.None)
        {
            return error;
        }

        using (metadataFile)
        {
            _metadataPath = path;
            return await WriteAllAsync(metadataFile!, 0, trailer).ConfigureAwait(false);
        }
    }

    private async ValueTask<CommitResult> PublishAsync(ArtifactMetadata metadata, int trailerBytes, CancellationToken cancellationToken)
    {
        _file!.Dispose(); // Written above.
        _file = null;
        SafeFileHandle? metadataFile = null;
        var error = Io.OpenRead(_path!, out var file); // The path lasts until the put is decided.
        if (error == Errno.None && _metadataPath is not null)
        {
            error = Io.OpenRead(_metadataPath, out metadataFile);
        }

        var isOwned = false;
        try
        {
            if (error != Errno.None)
            {
                return new CommitResult(_tier.OnPutFailed(error, "open", Key), default);
            }

            var blocks = BlocksOf(_written, trailerBytes);
            var excess = _reserved - WeightOf(_written, trailerBytes) - _tier.NewDirectoryBytes(_kind!, Key);
            if (excess > 0)
            {
                _reserved -= excess;
                _tier.Unreserve(excess, 0);
            }

            var entry = new UnpublishedEntry
            {
                Key = Key,
                Kind = _kind!,
                Metadata = metadata,
                Path = _path!,
                File = file!,
                MetadataPath = _metadataPath,
                MetadataFile = metadataFile,
                Blocks = blocks,
                ReservedBytes = _reserved,
            };
            var result = await _tier.PublishAsync(entry, cancellationToken).ConfigureAwait(false);
            _reserved = entry.ReservedBytes;
            isOwned = result.Outcome == PutOutcome.Stored;
            return result;
        }
        finally
        {
            if (!isOwned)
            {
                file?.Dispose();
                metadataFile?.Dispose();
            }
        }
    }
}
