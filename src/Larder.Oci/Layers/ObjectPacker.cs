using System.Buffers;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Oci.Archives;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>
/// Makes objects of the files of an archive while they pass: large ones become objects of their own, small ones are packed in
/// the order in which they come.
/// </summary>
/// <remarks>
/// A pack ends when it is full, and when the next file lies so far behind its first that no single range should fetch both.
/// For one thread.
/// </remarks>
internal sealed class ObjectPacker : IAsyncDisposable
{
    private readonly TieredCache _cache;
    private readonly LayerStoreOptions _options;
    private readonly LayerIndexBuilder _builder;
    private readonly ObjectStored _stored;
    private readonly byte[] _pack;
    private int _packLength;
    private int _packObject;
    private long _packStart;
    private long _packEnd;

    // The file that is being written, and its object; null while a small one is copied, or none.
    private ArtifactWriter? _file;
    private int _fileObject;
    private long _fileStart;

    /// <param name="cache">Where objects go.</param>
    /// <param name="options">What is large.</param>
    /// <param name="builder">What gets objects and extents.</param>
    /// <param name="stored">Is told of every object that is on disk.</param>
    public ObjectPacker(TieredCache cache, LayerStoreOptions options, LayerIndexBuilder builder, ObjectStored stored)
    {
        _cache = cache;
        _options = options;
        _builder = builder;
        _stored = stored;
        _pack = ArrayPool<byte>.Shared.Rent(Math.Max(options.PackBytes, options.FileObjectBytes));
    }

    /// <summary>Is told of an object on disk; the lease is the packer's.</summary>
    internal delegate void ObjectStored(ArtifactKey key, in ArtifactLease lease, bool isNew);

    /// <summary>Begins a file that stores at least one byte; returns the number of its object and the file's offset in it.</summary>
    public async ValueTask<(int Object, long Offset)> BeginFileAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        if (entry.StoredBytes >= _options.FileObjectBytes)
        {
            _file = _cache.BeginContentWrite(LayerKinds.File, entry.StoredBytes);
            _fileObject = _builder.ReserveObject();
            _fileStart = entry.DataOffset;
            return (_fileObject, 0);
        }

        if (_packLength > 0
            && (_packLength + entry.StoredBytes > _options.PackBytes
                || entry.DataOffset + entry.StoredBytes - _packStart > _options.PackSpanBytes))
        {
            await FlushPackAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_packLength == 0)
        {
            _packObject = _builder.ReserveObject();
            _packStart = entry.DataOffset;
        }

        _packEnd = entry.DataOffset + entry.StoredBytes;
        return (_packObject, _packLength);
    }

    /// <summary>Takes bytes of the file.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (_file is null)
        {
            data.Span.CopyTo(_pack.AsSpan(_packLength));
            _packLength += data.Length;
            return;
        }

        var outcome = await _file.WriteAsync(data, cancellationToken).ConfigureAwait(false);
        if (outcome != PutOutcome.Stored)
        {
            throw Unstorable(outcome, data.Length);
        }
    }

    /// <summary>Ends the file.</summary>
    public async ValueTask EndFileAsync(CancellationToken cancellationToken)
    {
        if (_file is not { } file)
        {
            return;
        }

        _file = null;
        await using (file.ConfigureAwait(false))
        {
            var length = file.BytesWritten;
            await CommitAsync(file, _fileObject, LayerObjectKind.File, _fileStart, length, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the last pack.</summary>
    public ValueTask CompleteAsync(CancellationToken cancellationToken) =>
        _packLength == 0 ? ValueTask.CompletedTask : FlushPackAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        ArrayPool<byte>.Shared.Return(_pack);
        if (_file is not null)
        {
            await _file.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask FlushPackAsync(CancellationToken cancellationToken)
    {
        var writer = _cache.BeginContentWrite(LayerKinds.Pack, _packLength);
        await using (writer.ConfigureAwait(false))
        {
            await writer.WriteAsync(_pack.AsMemory(0, _packLength), cancellationToken).ConfigureAwait(false);
            await CommitAsync(
                writer, _packObject, LayerObjectKind.Pack, _packStart, _packEnd - _packStart, cancellationToken).ConfigureAwait(false);
        }

        _packLength = 0;
    }

    private async ValueTask CommitAsync(
        ArtifactWriter writer,
        int number,
        LayerObjectKind kind,
        long archiveOffset,
        long archiveLength,
        CancellationToken cancellationToken)
    {
        var (outcome, lease) = await writer.CommitAsync(ArtifactWriter.AsWritten, cancellationToken).ConfigureAwait(false);
        using (lease)
        {
            if (!lease.IsHit)
            {
                throw Unstorable(outcome, writer.BytesWritten);
            }

            _builder.SetObject(
                number,
                new LayerObject(writer.Key.Fingerprint, lease.Metadata.Length, kind, archiveOffset, archiveLength));
            _stored(writer.Key, lease, outcome == PutOutcome.Stored);
        }
    }

    /// <summary>Why an object cannot be kept, in words.</summary>
    internal static OciException Unstorable(PutOutcome outcome, long bytes) => outcome switch
    {
        PutOutcome.NoSpace => new OciException(
            OciErrorKind.Storage,
            $"The cache's disk has no room for {bytes} bytes of a layer: free space, raise the capacity, or close what holds files open."),
        PutOutcome.TooLarge => new OciException(
            OciErrorKind.Storage, "A file of the layer is larger than the cache's disk tier or its limit for one entry; raise the capacity."),
        PutOutcome.Disabled => new OciException(
            OciErrorKind.Configuration, "Layers need a disk tier with a capacity that keeps image-file and image-pack."),
        PutOutcome.DigestMismatch => new OciException(
            OciErrorKind.DigestMismatch, "Bytes of the layer are not those that its index names."),
        _ => new OciException(OciErrorKind.Storage, $"The cache's disk does not take a file of the layer ({outcome})."),
    };
}
