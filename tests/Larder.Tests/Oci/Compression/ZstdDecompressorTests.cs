using System.Diagnostics;
using Larder.Oci;
using Larder.Oci.Compression;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Compression;

public sealed class ZstdDecompressorTests
{
    [Fact]
    public void Frames_and_what_is_to_be_skipped_are_read_in_pieces_of_any_size()
    {
        var content = InflaterTests.Text(1, 1_000_000);
        var blob = BlobForms.ZstdFrames(content, 150_000);

        foreach (var piece in (int[])[1, 13, 4_096, 1 << 20])
        {
            using var decompressor = new ZstdDecompressor(1 << 27);

            Assert.Equal(content, InflaterTests.Drain(decompressor, blob, piece));
        }
    }

    [Fact]
    public void Decoding_begins_at_every_frame()
    {
        var content = InflaterTests.Text(2, 700_000);
        var blob = BlobForms.ZstdFrames(content, 100_000);
        List<RestartPoint> points = [];
        using (var whole = new ZstdDecompressor(1 << 27)
        {
            PointSpacing = 150_000,
            PointFound = (in RestartPoint point, ReadOnlySpan<byte> _) => points.Add(point),
        })
        {
            InflaterTests.Drain(whole, blob, 5_000);
        }

        Assert.Equal(4, points.Count);
        foreach (var point in points)
        {
            using var part = new ZstdDecompressor(1 << 27).StartAt(point);

            Assert.Equal(content[(int)point.Offset..], InflaterTests.Drain(part, blob.AsSpan((int)point.CompressedOffset), 5_000));
        }
    }

    [Fact]
    public void What_the_tool_of_zstd_compresses_is_decoded()
    {
        var content = InflaterTests.Text(3, 2_000_000);
        foreach (var options in (string[])["-1", "-19", "-3 --long=27"])
        {
            using var decompressor = new ZstdDecompressor(1 << 27);

            Assert.Equal(content, InflaterTests.Drain(decompressor, Compress(content, options), 60_000));
        }
    }

    [Fact]
    public void A_window_beyond_the_limit_is_refused_with_its_limit()
    {
        var blob = Compress(new byte[40_000_000], "-3 --long=25");
        using var decompressor = new ZstdDecompressor(1 << 20);

        var exception = Assert.Throws<InvalidDataException>(() => InflaterTests.Drain(decompressor, blob, 60_000));

        Assert.Contains("1048576 bytes", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_blob_that_is_cut_short_or_damaged_is_refused()
    {
        var content = InflaterTests.Text(4, 4_000);
        var blob = Compress(content, "-3");
        for (var length = 1; length < blob.Length; length += 7)
        {
            using var decompressor = new ZstdDecompressor(1 << 27);
            Assert.Throws<InvalidDataException>(() => InflaterTests.Drain(decompressor, blob.AsSpan(0, length), 1_000));
        }

        using var behind = new ZstdDecompressor(1 << 27);
        Assert.Throws<InvalidDataException>(() => InflaterTests.Drain(behind, (byte[])[.. blob, 1, 2, 3, 4], 1_000));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'B', (byte)'Z', (byte)'h', (byte)'9', 0x31, 0x41 }, "bzip2")]
    [InlineData(new byte[] { 0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0 }, "xz")]
    public void Other_compressions_are_named(byte[] start, string name)
    {
        var exception = Assert.Throws<OciException>(() => Decompressor.Detect(start));

        Assert.Equal(OciErrorKind.Unsupported, exception.Kind);
        Assert.Contains(name, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_format_is_told_by_the_first_bytes()
    {
        Assert.Equal(BlobFormat.Gzip, Decompressor.Detect(BlobForms.Gzip([1])));
        Assert.Equal(BlobFormat.Zstd, Decompressor.Detect(BlobForms.ZstdStored([1])));
        Assert.Equal(BlobFormat.Zstd, Decompressor.Detect([0x5A, 0x2A, 0x4D, 0x18, 0, 0]));
        Assert.Equal(BlobFormat.Plain, Decompressor.Detect(new TarBuilder().ToArray()));
        Assert.Equal(BlobFormat.Plain, Decompressor.Detect([]));
    }

    private static byte[] Compress(byte[] content, string options)
    {
        if (!File.Exists("/usr/bin/zstd"))
        {
            Assert.Skip("zstd is not installed");
        }

        using var process = Process.Start(new ProcessStartInfo("/usr/bin/zstd", $"-q -c {options}")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var writing = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(content);
            process.StandardInput.Close();
        });
        var compressed = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(compressed);
        process.WaitForExit();
        writing.GetAwaiter().GetResult();
        return compressed.ToArray();
    }
}
