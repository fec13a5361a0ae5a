using System.Buffers.Binary;
using System.IO.Compression;
using Larder.Cache.Artifacts;
using Larder.Cache.Integrity;

namespace Larder.Oci.Compression;

/// <summary>The encoded form of a blob's restart points. Source: docs/FORMATS.md, restart points.</summary>
/// <remarks>
/// Windows first, in the order in which they are found, so that they can be written while the blob passes; then the table, then
/// the footer. A reader needs the end of the file and one window.
/// </remarks>
internal static class RestartPointFormat
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const int Version = 1;

    public const int RowBytes = 40;
    public const int FooterBytes = 56;

    /// <summary>Most points of a blob.</summary>
    public const int MaxPoints = 1_000_000;

    public static ReadOnlySpan<byte> Magic => "LRDRPNTS"u8;

    /// <summary>Deflates a window to where the windows of a file gather.</summary>
    public static int WriteWindow(Stream output, ReadOnlySpan<byte> window)
    {
        var before = output.Position;
        using (var deflate = new DeflateStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(window);
        }

        return (int)(output.Position - before);
    }

    public static void WriteRow(Span<byte> row, in RestartPoint point, long windowOffset, int deflatedBytes, int windowBytes)
    {
        BinaryPrimitives.WriteInt64LittleEndian(row, point.CompressedOffset);
        BinaryPrimitives.WriteInt64LittleEndian(row[8..], point.Offset);
        BinaryPrimitives.WriteInt64LittleEndian(row[16..], windowOffset);
        BinaryPrimitives.WriteInt32LittleEndian(row[24..], deflatedBytes);
        BinaryPrimitives.WriteInt32LittleEndian(row[28..], windowBytes);
        row[32] = point.UsedBits;
        row[33] = point.IsInside ? (byte)1 : (byte)0;
        row[34..RowBytes].Clear();
    }

    public static void WriteFooter(
        Span<byte> footer, BlobFormat format, int points, long blobBytes, long archiveBytes, long tableOffset, ReadOnlySpan<byte> table)
    {
        footer.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(footer, blobBytes);
        BinaryPrimitives.WriteInt64LittleEndian(footer[8..], archiveBytes);
        BinaryPrimitives.WriteInt64LittleEndian(footer[16..], tableOffset);
        BinaryPrimitives.WriteInt32LittleEndian(footer[24..], points);
        footer[28] = (byte)format;
        BinaryPrimitives.WriteInt32LittleEndian(footer[32..], Version);
        Magic.CopyTo(footer[40..]);
        var checksum = Crc32C.Append(Crc32C.Compute(table), footer[..(FooterBytes - 4)]);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[(FooterBytes - 4)..], checksum);
    }

    /// <summary>Reads footer and table.</summary>
    /// <exception cref="InvalidDataException">They are malformed.</exception>
    public static RestartPoints Read(ArtifactContent content)
    {
        if (content.Length < FooterBytes)
        {
            throw Malformed();
        }

        Span<byte> footer = stackalloc byte[FooterBytes];
        Fill(content, content.Length - FooterBytes, footer);
        var tableOffset = BinaryPrimitives.ReadInt64LittleEndian(footer[16..]);
        var count = BinaryPrimitives.ReadInt32LittleEndian(footer[24..]);
        if (!footer.Slice(40, 8).SequenceEqual(Magic)
            || BinaryPrimitives.ReadInt32LittleEndian(footer[32..]) != Version
            || count is < 0 or > MaxPoints
            || footer[28] > (byte)BlobFormat.Zstd
            || tableOffset != content.Length - FooterBytes - ((long)count * RowBytes))
        {
            throw Malformed();
        }

        var table = new byte[count * RowBytes];
        Fill(content, tableOffset, table);
        if (Crc32C.Append(Crc32C.Compute(table), footer[..(FooterBytes - 4)])
            != BinaryPrimitives.ReadUInt32LittleEndian(footer[(FooterBytes - 4)..]))
        {
            throw Malformed();
        }

        return new RestartPoints(
            (BlobFormat)footer[28],
            BinaryPrimitives.ReadInt64LittleEndian(footer),
            BinaryPrimitives.ReadInt64LittleEndian(footer[8..]),
            table);
    }

    /// <summary>Reads a window and inflates it.</summary>
    public static byte[] ReadWindow(ArtifactContent content, long offset, int deflatedBytes, int windowBytes)
    {
        if (windowBytes == 0)
        {
            return [];
        }

        if (windowBytes is < 0 or > Inflater.WindowBytes || deflatedBytes is <= 0 or > 2 * Inflater.WindowBytes
            || offset < 0 || offset > content.Length - deflatedBytes)
        {
            throw Malformed();
        }

        var deflated = new byte[deflatedBytes];
        Fill(content, offset, deflated);
        var window = new byte[windowBytes];
        using var inflate = new DeflateStream(new MemoryStream(deflated), CompressionMode.Decompress);
        inflate.ReadExactly(window);
        return window;
    }

    private static void Fill(ArtifactContent content, long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = content.Read(offset, destination);
            if (count == 0)
            {
                throw Malformed();
            }

            offset += count;
            destination = destination[count..];
        }
    }

    private static InvalidDataException Malformed() => new("The restart points of a layer's blob are malformed.");
}
