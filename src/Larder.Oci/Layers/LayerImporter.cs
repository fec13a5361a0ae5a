using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Oci.Archives;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>
/// One pass over a layer: from the blob's bytes as they come to objects on disk, the index and the restart points.
/// </summary>
/// <remarks>
/// Everything streams; what is held is a few buffers, and what the index holds of each entry. The diff id is computed
/// beside the unpacking of each chunk, and compared before the index becomes visible: objects that were stored by then are named
/// by their own bytes, and right whatever they came from.
/// </remarks>
internal sealed class LayerImporter
{
    // Input is gathered to at least this before it is decoded, as long as more comes.
    private const int LeastInput = 64 * 1024;

    // Chunks from this size on are hashed on another thread meanwhile.
    private const int LeastParallelHash = 64 * 1024;

    private readonly TieredCache _cache;
    private readonly LayerStoreOptions _options;
    private readonly LayerOrigin _origin;
    private readonly LayerProgress _progress;
    private readonly TarReader _tar;
    private readonly LayerIndexBuilder _builder = new();
    private readonly List<LayerExtent> _extents = [];
    private readonly ObjectPacker.ObjectStored _stored;
    private long _archiveBytes;

    // In the decompressed form: where the whole archive goes, as the only object.
    private ArtifactWriter? _archive;

    public LayerImporter(
        TieredCache cache, LayerStoreOptions options, LayerOrigin origin, LayerProgress progress, ObjectPacker.ObjectStored stored)
    {
        _cache = cache;
        _options = options;
        _origin = origin;
        _progress = progress;
        _stored = stored;
        _tar = new TarReader(new TarLimits());
    }

    /// <summary>Reads the layer and returns its index, which is not stored yet.</summary>
    /// <param name="blob">The blob from its first byte.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">The layer is malformed, beyond a limit, not what it claims to be, or finds no room.</exception>
    public async Task<LayerIndex> RunAsync(BlobReader blob, CancellationToken cancellationToken)
    {
        try
        {
            return await RunCoreAsync(blob, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException exception)
        {
            throw new OciException(
                OciErrorKind.InvalidLayer, $"Layer {_origin.Layer.DiffId} cannot be read: {exception.Message}.", exception);
        }
    }

    private async Task<LayerIndex> RunCoreAsync(BlobReader blob, CancellationToken cancellationToken)
    {
        _progress.BeginImport();
        var start = new byte[LeastInput];
        var have = await ReadFullyAsync(blob, start, cancellationToken).ConfigureAwait(false);
        var format = Decompressor.Detect(start.AsSpan(0, have));
        var recipe = LayerRecipes.PointsOf(_origin.Layer, _options);
        var points = new RestartPointWriter(_cache.BeginWrite(recipe.Key));
        await using (points.ConfigureAwait(false))
        {
            using var decompressor = Make(format, points.Add);
            start.AsSpan(0, have).CopyTo(decompressor.InputSpace.Span);
            decompressor.InputAdded(have);
            var packer = new ObjectPacker(_cache, _options, _builder, _stored);
            Fingerprint digest;
            await using (packer.ConfigureAwait(false))
            {
                try
                {
                    digest = await UnpackAsync(blob, decompressor, points, packer, cancellationToken).ConfigureAwait(false);
                    _tar.Complete();
                    await packer.CompleteAsync(cancellationToken).ConfigureAwait(false);
                    await CompleteArchiveAsync(digest, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    if (_archive is not null)
                    {
                        await _archive.DisposeAsync().ConfigureAwait(false);
                    }
                }
            }

            CheckDiffId(digest);
            if (blob.IsCompared)
            {
                await points.CommitAsync(
                    format,
                    _origin.Layer.Blob.Size,
                    _archiveBytes,
                    ArtifactWriter.AsWritten with { Recipe = recipe.Encoded },
                    cancellationToken).ConfigureAwait(false);
            }

            return _builder.Build(digest, _archiveBytes);
        }
    }

    private void CheckDiffId(Fingerprint digest)
    {
        if (!_origin.Layer.DiffId.TryGetFingerprint(out var expected) || digest != expected)
        {
            throw new OciException(
                OciErrorKind.DigestMismatch,
                $"The layer in blob {_origin.Layer.Blob.Digest} has the diff id sha256:{digest}; the image's configuration says "
                + $"{_origin.Layer.DiffId}.");
        }
    }

    private async ValueTask WriteArchiveAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        if (_archive is null)
        {
            _archive = _cache.BeginContentWrite(LayerKinds.File);
            _builder.ReserveObject();
        }

        var outcome = await _archive.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
        if (outcome != PutOutcome.Stored)
        {
            throw ObjectPacker.Unstorable(outcome, _archiveBytes);
        }
    }

    private async ValueTask CompleteArchiveAsync(Fingerprint digest, CancellationToken cancellationToken)
    {
        if (_archive is null)
        {
            return;
        }

        CheckDiffId(digest);
        var (outcome, lease) = await _archive.CommitAsync(ArtifactWriter.AsWritten, cancellationToken).ConfigureAwait(false);
        using (lease)
        {
            if (!lease.IsHit)
            {
                throw ObjectPacker.Unstorable(outcome, _archiveBytes);
            }

            _builder.SetObject(0, new LayerObject(digest, _archiveBytes, LayerObjectKind.File, 0, _archiveBytes));
            _stored(_archive.Key, lease, outcome == PutOutcome.Stored);
        }
    }

    private Decompressor Make(BlobFormat format, RestartPointHandler pointFound) => format switch
    {
        BlobFormat.Gzip => new GzipDecompressor { PointFound = pointFound, PointSpacing = _options.PointSpacingBytes },
        BlobFormat.Zstd => new ZstdDecompressor(_options.MaxZstdWindowBytes)
        {
            PointFound = pointFound,
            PointSpacing = _options.PointSpacingBytes,
        },
        _ => new PlainDecompressor(),
    };

    private static async ValueTask<int> ReadFullyAsync(BlobReader blob, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var have = 0;
        while (have < buffer.Length)
        {
            var count = await blob.ReadAsync(buffer[have..], cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                break;
            }

            have += count;
        }

        return have;
    }

    private async ValueTask<Fingerprint> UnpackAsync(
        BlobReader blob,
        Decompressor decompressor,
        RestartPointWriter points,
        ObjectPacker packer,
        CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (decompressor.Read(out var chunk))
            {
                case DecompressorStatus.NeedsInput:
                    await FeedAsync(blob, decompressor, cancellationToken).ConfigureAwait(false);
                    break;
                case DecompressorStatus.Chunk:
                    _archiveBytes += chunk.Length;
                    CheckSize(decompressor.CompressedOffset);
                    await UnpackAsync(hash, chunk, packer, cancellationToken).ConfigureAwait(false);
                    await points.FlushAsync(cancellationToken).ConfigureAwait(false);
                    _progress.SetImported(decompressor.CompressedOffset, _archiveBytes);
                    break;
                default:
                    return Fingerprint.FromHash(hash);
            }
        }
    }

    private static async ValueTask FeedAsync(BlobReader blob, Decompressor decompressor, CancellationToken cancellationToken)
    {
        var space = decompressor.InputSpace;
        var count = await ReadFullyAsync(blob, space[..Math.Min(space.Length, LeastInput)], cancellationToken).ConfigureAwait(false);
        decompressor.InputAdded(count);
        if (count == 0)
        {
            decompressor.CompleteInput();
        }
    }

    private void CheckSize(long compressedBytes)
    {
        if (_archiveBytes > _options.MaxArchiveBytes)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded, $"Layer {_origin.Layer.DiffId} is larger than {_options.MaxArchiveBytes} bytes.");
        }

        if (_archiveBytes > _options.MaxRatioFreeBytes && _archiveBytes / _options.MaxRatio > compressedBytes)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded,
                $"Layer {_origin.Layer.DiffId} is more than {_options.MaxRatio} times as large as its blob so far, as only bombs are.");
        }
    }

    private async ValueTask UnpackAsync(
        IncrementalHash hash, ReadOnlyMemory<byte> chunk, ObjectPacker packer, CancellationToken cancellationToken)
    {
        if (chunk.Length < LeastParallelHash)
        {
            hash.AppendData(chunk.Span);
            await UnpackAsync(chunk, packer, cancellationToken).ConfigureAwait(false);
            return;
        }

        var hashing = Task.Run(() => hash.AppendData(chunk.Span), CancellationToken.None);
        try
        {
            await UnpackAsync(chunk, packer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // The chunk is not reused before it is hashed, and the hash not disposed.
            await hashing.ConfigureAwait(false);
        }
    }

    private async ValueTask UnpackAsync(ReadOnlyMemory<byte> chunk, ObjectPacker packer, CancellationToken cancellationToken)
    {
        if (_options.Decompressed is not null)
        {
            await WriteArchiveAsync(chunk, cancellationToken).ConfigureAwait(false);
        }

        while (true)
        {
            switch (_tar.Read(ref chunk, out var data))
            {
                case TarToken.Entry:
                    await BeginEntryAsync(packer, cancellationToken).ConfigureAwait(false);
                    break;
                case TarToken.Data or TarToken.EntryEnd when _options.Decompressed is not null:
                    break;
                case TarToken.Data:
                    await packer.WriteAsync(data, cancellationToken).ConfigureAwait(false);
                    break;
                case TarToken.EntryEnd:
                    await packer.EndFileAsync(cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    return;
            }
        }
    }

    private async ValueTask BeginEntryAsync(ObjectPacker packer, CancellationToken cancellationToken)
    {
        var entry = _tar.Entry;
        _extents.Clear();
        if (entry.StoredBytes > 0 && _options.Decompressed is not null)
        {
            AddExtents(entry, 0, entry.DataOffset);
        }
        else if (entry.StoredBytes > 0)
        {
            var (number, offset) = await packer.BeginFileAsync(entry, cancellationToken).ConfigureAwait(false);
            AddExtents(entry, number, offset);
        }

        _builder.Add(
            entry.Fixed,
            entry.Path,
            entry.LinkTarget,
            CollectionsMarshal.AsSpan(_extents),
            CollectionsMarshal.AsSpan(entry.Xattrs));
    }

    private void AddExtents(TarEntry entry, int number, long offset)
    {
        if (!entry.IsSparse)
        {
            _extents.Add(new LayerExtent(0, entry.StoredBytes, number, offset, entry.DataOffset));
            return;
        }

        var archiveOffset = entry.DataOffset;
        foreach (var piece in entry.Pieces)
        {
            if (piece.Length > 0)
            {
                _extents.Add(new LayerExtent(piece.Offset, piece.Length, number, offset, archiveOffset));
            }

            offset += piece.Length;
            archiveOffset += piece.Length;
        }
    }
}
