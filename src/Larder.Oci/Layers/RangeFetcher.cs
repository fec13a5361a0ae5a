using Larder.Cache.Artifacts;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>Gets a single object out of a layer's blob by a range, beginning at a restart point.</summary>
/// <remarks>What comes is not verified here: it goes to a writer that compares the object's digest.</remarks>
internal sealed class RangeFetcher(LayerStoreOptions options, LayerOrigin origin, LayerProgress progress, TimeProvider time)
{
    // Behind the next point, so that the decoder never waits for the rest of a header that it does not need.
    private const int InputMargin = 1024;

    /// <summary>Archive bytes that would be decompressed for nothing to reach an object.</summary>
    public static long Skipped(RestartPoints points, in LayerObject item)
    {
        if (points.Format == BlobFormat.Plain)
        {
            return 0;
        }

        var number = points.Find(item.ArchiveOffset);
        return number < 0 ? long.MaxValue : item.ArchiveOffset - points[number].Offset;
    }

    /// <summary>Writes the bytes of an object.</summary>
    /// <param name="index">The index that names it.</param>
    /// <param name="number">Its number.</param>
    /// <param name="points">The restart points of the blob.</param>
    /// <param name="content">What they were read from.</param>
    /// <param name="target">Where the bytes go.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">The source does not have the bytes, or the disk does not take them.</exception>
    public async ValueTask FetchAsync(
        LayerIndex index,
        int number,
        RestartPoints points,
        ArtifactContent content,
        ArtifactWriter target,
        CancellationToken cancellationToken)
    {
        progress.CountRangeFetch();
        var item = index.Objects[number];
        var pieces = PiecesOf(index, number);
        try
        {
            await FetchAsync(item, pieces, points, content, target, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException exception)
        {
            throw new OciException(
                OciErrorKind.InvalidLayer, $"A range of blob {origin.Layer.Blob.Digest} cannot be read: {exception.Message}.", exception);
        }
    }

    // Where in the archive the object's bytes are, in the order of the object.
    private static List<ByteRange> PiecesOf(LayerIndex index, int number)
    {
        var item = index.Objects[number];
        if (item.Kind == LayerObjectKind.File)
        {
            return [new ByteRange(item.ArchiveOffset, item.Length)];
        }

        var pieces = new List<ByteRange>();
        foreach (ref readonly var extent in index.AllExtents)
        {
            if (extent.Object == number)
            {
                pieces.Add(new ByteRange(extent.ArchiveOffset, extent.Length));
            }
        }

        return pieces;
    }

    private async ValueTask FetchAsync(
        LayerObject item,
        List<ByteRange> pieces,
        RestartPoints points,
        ArtifactContent content,
        ArtifactWriter target,
        CancellationToken cancellationToken)
    {
        using var decompressor = Begin(points, content, item.ArchiveOffset, out var from);
        var end = points.Format == BlobFormat.Plain ? item.ArchiveOffset + item.ArchiveLength : EndOf(points, item.ArchiveOffset + item.ArchiveLength);
        var blob = new BlobReader(origin, new ByteRange(from, end - from), options, progress, time);
        await using (blob.ConfigureAwait(false))
        {
            var piece = 0;
            var done = 0L;
            while (piece < pieces.Count)
            {
                switch (decompressor.Read(out var chunk))
                {
                    case DecompressorStatus.NeedsInput:
                        await FeedAsync(blob, decompressor, end == points.BlobBytes, cancellationToken).ConfigureAwait(false);
                        break;
                    case DecompressorStatus.Chunk:
                        var start = decompressor.Offset;
                        while (piece < pieces.Count && pieces[piece].Offset + done < start + chunk.Length)
                        {
                            var skip = (int)(pieces[piece].Offset + done - start);
                            var count = (int)Math.Min(chunk.Length - skip, pieces[piece].Length - done);
                            await PutAsync(target, chunk.Slice(skip, count), cancellationToken).ConfigureAwait(false);
                            done += count;
                            if (done == pieces[piece].Length)
                            {
                                piece++;
                                done = 0;
                            }
                        }

                        break;
                    default:
                        throw new InvalidDataException("it ends before the object does");
                }
            }
        }
    }

    private static async ValueTask PutAsync(ArtifactWriter target, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var outcome = await target.WriteAsync(data, cancellationToken).ConfigureAwait(false);
        if (outcome != PutOutcome.Stored)
        {
            throw ObjectPacker.Unstorable(outcome, data.Length);
        }
    }

    private static async ValueTask FeedAsync(
        BlobReader blob, Decompressor decompressor, bool endsWithBlob, CancellationToken cancellationToken)
    {
        var count = await blob.ReadAsync(decompressor.InputSpace, cancellationToken).ConfigureAwait(false);
        decompressor.InputAdded(count);
        if (count > 0)
        {
            return;
        }

        if (!endsWithBlob)
        {
            throw new InvalidDataException("its restart points do not fit it");
        }

        decompressor.CompleteInput();
    }

    private Decompressor Begin(RestartPoints points, ArtifactContent content, long offset, out long from)
    {
        if (points.Format == BlobFormat.Plain)
        {
            from = offset;
            return new PlainDecompressor().StartAt(offset);
        }

        var number = points.Find(offset);
        var point = points[number]; // Skipped has said that there is one.
        from = point.CompressedOffset;
        return points.Format == BlobFormat.Gzip
            ? new GzipDecompressor().StartAt(point, points.ReadWindow(content, number))
            : new ZstdDecompressor(options.MaxZstdWindowBytes).StartAt(point);
    }

    private static long EndOf(RestartPoints points, long archiveEnd)
    {
        var next = points.Find(archiveEnd - 1) + 1;
        return next < points.Count ? Math.Min(points[next].CompressedOffset + InputMargin, points.BlobBytes) : points.BlobBytes;
    }
}
