using System.Buffers.Binary;
using Larder.Cache.Artifacts;

namespace Larder.Oci.Compression;

/// <summary>Where decompression of one blob can begin. Immutable.</summary>
internal sealed class RestartPoints
{
    private readonly byte[] _table;

    internal RestartPoints(BlobFormat format, long blobBytes, long archiveBytes, byte[] table)
    {
        Format = format;
        BlobBytes = blobBytes;
        ArchiveBytes = archiveBytes;
        _table = table;
    }

    /// <summary>How the blob is compressed.</summary>
    public BlobFormat Format { get; }

    /// <summary>Length of the blob.</summary>
    public long BlobBytes { get; }

    /// <summary>Length of what is in it.</summary>
    public long ArchiveBytes { get; }

    /// <summary>Number of points.</summary>
    public int Count => _table.Length / RestartPointFormat.RowBytes;

    /// <summary>A point.</summary>
    public RestartPoint this[int number]
    {
        get
        {
            var row = Row(number);
            return new RestartPoint(
                BinaryPrimitives.ReadInt64LittleEndian(row), row[32], BinaryPrimitives.ReadInt64LittleEndian(row[8..]), row[33] != 0);
        }
    }

    /// <summary>The number of the last point at or before an offset of the archive; -1 when there is none.</summary>
    public int Find(long offset)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (this[middle].Offset <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    /// <summary>The output before a point that is needed there.</summary>
    /// <param name="content">The file that this was read from.</param>
    /// <param name="number">The point.</param>
    public byte[] ReadWindow(ArtifactContent content, int number)
    {
        var row = Row(number);
        return RestartPointFormat.ReadWindow(
            content,
            BinaryPrimitives.ReadInt64LittleEndian(row[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(row[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(row[28..]));
    }

    private ReadOnlySpan<byte> Row(int number) =>
        _table.AsSpan(number * RestartPointFormat.RowBytes, RestartPointFormat.RowBytes);
}
