using System.IO.Compression;
using Larder.Oci.Compression;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Compression;

/// <summary>The decoder against the one of the runtime, on whole streams and on damaged ones.</summary>
public sealed class InflaterTests
{
    public static TheoryData<string> Contents => [.. Samples.Keys];

    private static Dictionary<string, Func<byte[]>> Samples { get; } = new()
    {
        ["one byte"] = static () => [42],
        ["zeros"] = static () => new byte[3_000_000],
        ["random"] = static () => Random(1, 700_000),
        ["text"] = static () => Text(2, 900_000),
        ["short runs"] = static () => Runs(3, 900_000),
        ["mixed"] = static () => [.. Text(4, 300_000), .. Random(5, 200_000), .. new byte[200_000], .. Runs(6, 300_000)],
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void Every_level_of_the_runtimes_compressor_is_decoded(string name)
    {
        var content = Samples[name]();

        foreach (var level in Enum.GetValues<CompressionLevel>())
        {
            var compressed = BlobForms.Gzip(content, level);

            Assert.Equal(content, Decode(compressed, 1 << 20));
        }
    }

    [Fact]
    public void An_empty_member_is_nothing()
    {
        byte[] empty = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

        Assert.Empty(Decode(empty, 3));
        Assert.Equal([1, 2], Decode([.. empty, .. BlobForms.Gzip([1, 2]), .. empty], 100));
    }

    [Fact]
    public void Input_may_come_in_pieces_of_any_size()
    {
        var content = Samples["mixed"]();
        var compressed = BlobForms.Gzip(content);

        foreach (var piece in (int[])[1, 7, 100, 639, 641, 65_536])
        {
            Assert.Equal(content, Decode(compressed, piece));
        }
    }

    [Fact]
    public void Members_follow_each_other_and_zeros_the_last()
    {
        var content = Text(7, 500_000);
        var members = BlobForms.GzipMembers(content, 33_333);

        Assert.Equal(content, Decode(members, 10_000));
        Assert.Equal(content, Decode([.. members, .. new byte[3_000]], 10_000));
        Assert.Throws<InvalidDataException>(() => Decode([.. members, 1, 2, 3], 10_000));
    }

    [Fact]
    public void A_stream_that_is_cut_short_anywhere_is_refused()
    {
        var compressed = BlobForms.Gzip([.. Text(8, 3_000), .. Random(9, 500), .. new byte[2_000]], CompressionLevel.Optimal);

        for (var length = 0; length < compressed.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Decode(compressed[..length], 1 << 16));
        }
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.SmallestSize)]
    public void A_flipped_bit_never_gives_other_bytes(CompressionLevel level)
    {
        var content = (byte[])[.. Text(10, 2_500), .. Random(11, 300), .. new byte[1_000], .. Runs(12, 1_500)];
        var compressed = BlobForms.Gzip(content, level);

        for (var bit = 0; bit < compressed.Length * 8; bit++)
        {
            compressed[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertSameVerdict(compressed, content);
            compressed[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Random_bytes_behind_a_header_are_taken_like_the_runtime_takes_them()
    {
        const int Seed = 20_261_130;
        var random = new Random(Seed);
        for (var round = 0; round < 4_000; round++)
        {
            var blob = (byte[])[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, .. RandomDeflate(random)];
            var (theirs, wasRefused) = ByRuntime(blob);
            var ours = TryDecode(blob, out var exception);

            // Both check the end; what came before it has to agree as far as the runtime got.
            if (!wasRefused)
            {
                Assert.True(exception is null, $"round {round}, seed {Seed}: {exception?.Message}");
                Assert.Equal(theirs, ours);
            }
            else
            {
                Assert.True(exception is not null, $"round {round}, seed {Seed}: taken, although the runtime refuses it");
            }
        }
    }

    [Fact]
    public void A_distance_before_the_beginning_is_refused()
    {
        // A fixed block: one literal, then a match of length 3 at distance 2.
        var bits = new BitWriter();
        bits.Put(1, 1).Put(1, 2).PutCode(0x30 + 'a', 8).PutCode(1, 7).PutCode(1, 5).PutCode(0, 7);

        Assert.Throws<InvalidDataException>(() => Decode([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, .. bits.ToArray(), .. new byte[8]], 100));
    }

    [Fact]
    public void Decoding_begins_at_every_restart_point()
    {
        var content = Samples["mixed"]();
        foreach (var compressed in (byte[][])[BlobForms.Gzip(content, CompressionLevel.Optimal), BlobForms.GzipMembers(content, 120_001)])
        {
            List<(RestartPoint Point, byte[] Window)> points = [];
            using (var whole = new GzipDecompressor
            {
                PointSpacing = 50_000,
                PointFound = (in RestartPoint point, ReadOnlySpan<byte> window) => points.Add((point, window.ToArray())),
            })
            {
                Drain(whole, compressed, 4_096);
            }

            Assert.InRange(points.Count, 8, 100);
            foreach (var (point, window) in points)
            {
                using var part = new GzipDecompressor().StartAt(point, window);

                Assert.Equal(content[(int)point.Offset..], Drain(part, compressed.AsSpan((int)point.CompressedOffset), 3_000));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1_000)]
    [InlineData(65_537)]
    public void The_checksum_is_the_same_by_folding_and_by_tables(int length)
    {
        var data = Random(length, length + 1).AsSpan(1);
        var half = length / 3;

        Assert.Equal(Crc32.AppendPortable(0, data), Crc32.Append(0, data));
        Assert.Equal(Crc32.AppendPortable(0, data), Crc32.Append(Crc32.Append(0, data[..half]), data[half..]));
        Assert.Equal(0xCBF43926u, Crc32.Append(0, "123456789"u8));
    }

    internal static byte[] Drain(Decompressor decompressor, ReadOnlySpan<byte> compressed, int piece)
    {
        var all = new MemoryStream();
        while (true)
        {
            switch (decompressor.Read(out var chunk))
            {
                case DecompressorStatus.Chunk:
                    all.Write(chunk.Span);
                    break;
                case DecompressorStatus.End:
                    return all.ToArray();
                default:
                    var space = decompressor.InputSpace.Span;
                    var count = Math.Min(Math.Min(piece, compressed.Length), space.Length);
                    Assert.True(count > 0 || compressed.IsEmpty, "It asks for input and has no room for it.");
                    compressed[..count].CopyTo(space);
                    compressed = compressed[count..];
                    decompressor.InputAdded(count);
                    if (count == 0)
                    {
                        decompressor.CompleteInput();
                    }

                    break;
            }
        }
    }

    internal static byte[] Random(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    internal static byte[] Text(int seed, int length)
    {
        var random = new Random(seed);
        var words = Enumerable.Range(0, 500).Select(_ => Random(random.Next(), random.Next(2, 11))).ToArray();
        var bytes = new byte[length];
        for (var i = 0; i < length;)
        {
            var word = words[(int)(500 * Math.Pow(random.NextDouble(), 2))].AsSpan();
            word = word[..Math.Min(word.Length, length - i)];
            word.CopyTo(bytes.AsSpan(i));
            i += word.Length;
        }

        return bytes;
    }

    // Periods of 1 to 40 bytes: matches that overlap themselves.
    private static byte[] Runs(int seed, int length)
    {
        var random = new Random(seed);
        var bytes = new byte[length];
        for (var i = 0; i < length;)
        {
            var period = Random(random.Next(), random.Next(1, 41));
            for (var left = random.Next(1, 700); left > 0 && i < length; left--, i++)
            {
                bytes[i] = period[i % period.Length];
            }
        }

        return bytes;
    }

    private static byte[] Decode(byte[] compressed, int piece)
    {
        using var decompressor = new GzipDecompressor();
        return Drain(decompressor, compressed, piece);
    }

    private static byte[]? TryDecode(byte[] compressed, out InvalidDataException? exception)
    {
        try
        {
            exception = null;
            return Decode(compressed, 1 << 16);
        }
        catch (InvalidDataException caught)
        {
            exception = caught;
            return null;
        }
    }

    private static (byte[] Bytes, bool WasRefused) ByRuntime(byte[] compressed)
    {
        var bytes = new MemoryStream();
        try
        {
            using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
            gzip.CopyTo(bytes);

            // The runtime takes a stream that is cut short in silence; the checksum tells.
            return (bytes.ToArray(), compressed.Length < 18
                || Crc32.Append(0, bytes.ToArray()) != BitConverter.ToUInt32(compressed, compressed.Length - 8));
        }
        catch (InvalidDataException)
        {
            return (bytes.ToArray(), true);
        }
    }

    private static void AssertSameVerdict(byte[] damaged, byte[] content)
    {
        var decoded = TryDecode(damaged, out var exception);

        // Header fields that mean nothing may change; everything else is found.
        Assert.True(exception is not null || content.AsSpan().SequenceEqual(decoded), "Damage was not found.");
    }

    // Bytes that are not refused at once: random block headers, code lengths and codes, or damaged real ones.
    private static byte[] RandomDeflate(Random random)
    {
        if (random.Next(3) == 0)
        {
            return Random(random.Next(), random.Next(1, 400));
        }

        var content = Text(random.Next(), random.Next(1, 3_000));
        var level = (CompressionLevel)random.Next(4);
        var gzip = BlobForms.Gzip(content, level).AsSpan(10).ToArray();
        for (var flips = random.Next(4); flips > 0; flips--)
        {
            gzip[random.Next(Math.Min(gzip.Length, 120))] ^= (byte)(1 << random.Next(8));
        }

        return gzip;
    }

    private sealed class BitWriter
    {
        private readonly List<bool> _bits = [];

        public BitWriter Put(int value, int count)
        {
            for (var i = 0; i < count; i++)
            {
                _bits.Add(((value >> i) & 1) != 0);
            }

            return this;
        }

        // Codes come from their first bit on.
        public BitWriter PutCode(int code, int count)
        {
            for (var i = count - 1; i >= 0; i--)
            {
                _bits.Add(((code >> i) & 1) != 0);
            }

            return this;
        }

        public byte[] ToArray()
        {
            var bytes = new byte[(_bits.Count + 7) / 8];
            for (var i = 0; i < _bits.Count; i++)
            {
                bytes[i / 8] |= (byte)(_bits[i] ? 1 << (i % 8) : 0);
            }

            return bytes;
        }
    }
}
