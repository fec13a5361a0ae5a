using Larder.Cache.Artifacts;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;
using Larder.Oci.References;

namespace Larder.Oci.Layers;

/// <summary>Reads parts of a layer's blob, beginning at restart points.</summary>
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

    /// <summary>How layers are fetched.</summary>
    public LayerStoreOptions Options => options;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>The blob.</summary>
    public OciDigest Blob => origin.Layer.Blob.Digest;

    /// <summary>Where in the archive decompression begins for what stands at an offset.</summary>
    public static long StartOf(RestartPoints points, long offset) =>
        points.Format == BlobFormat.Plain ? offset : points[points.Find(offset)].Offset; // Skipped has said that there is one.

    /// <summary>Where in the blob the bytes end that are needed up to an offset of the archive.</summary>
    public static long EndOf(RestartPoints points, long archiveEnd)
    {
        if (points.Format == BlobFormat.Plain)
        {
            return archiveEnd;
        }

        var next = points.Find(archiveEnd - 1) + 1;
        return next < points.Count ? Math.Min(points[next].CompressedOffset + InputMargin, points.BlobBytes) : points.BlobBytes;
    }

    /// <summary>Counts an object that is fetched.</summary>
    public void CountFetch() => progress.CountRangeFetch();

    /// <summary>Begins to read a part of the blob.</summary>
    public BlobReader Open(ByteRange part) => new(origin, part, options, progress, time);

    /// <summary>What is wrong with the blob, in words.</summary>
    public OciException Unreadable(InvalidDataException exception) => new(
        OciErrorKind.InvalidLayer, $"A range of blob {Blob} cannot be read: {exception.Message}.", exception);

    /// <summary>Where in the archive an object's bytes are, in the order of the object.</summary>
    public static List<ByteRange> PiecesOf(LayerIndex index, int number)
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

    /// <summary>A decompressor that stands at the last restart point before an offset, and what of the blob it wants first.</summary>
    public Decompressor Begin(RestartPoints points, ArtifactContent content, long offset, out long from)
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
}
