using Larder.Cache.Fingerprints;
using Larder.Cache.Integrity;
using Larder.Oci;
using Larder.Oci.Indexes;

namespace Larder.Tests.Oci.Indexes;

public sealed class LayerIndexFormatTests(ITestOutputHelper output)
{
    private static readonly LayerXattr Capability = new([.. "security.capability"u8], [1, 0, 0, 2, 0, 32, 0, 0]);
    private static readonly LayerXattr Empty = new([.. "user.empty"u8], []);

    [Fact]
    public void What_is_encoded_is_decoded_the_same()
    {
        var index = Complete();

        var decoded = LayerIndexFormat.Decode(LayerIndexFormat.Encode(index));

        AssertSame(index, decoded);
        Assert.Equal(LayerIndexFormat.Encode(index), LayerIndexFormat.Encode(decoded));
    }

    [Fact]
    public void A_layer_of_nothing_is_an_index_too()
    {
        var index = new LayerDraft().Build();

        var decoded = LayerIndexFormat.Decode(LayerIndexFormat.Encode(index));

        Assert.Equal(0, decoded.Count);
        Assert.Equal(index.DiffId, decoded.DiffId);
        Assert.Equal(1_024, decoded.ArchiveLength);
    }

    [Fact]
    public void Version_1_is_read_as_it_was_written()
    {
        // The index of a directory with one file of three bytes, as FORMATS.md describes it.
        var expected = Convert.FromHexString(
            "4c524452" + "4c494458" + "01000000" + "00000000" + "9100000000000000"
            + Convert.ToHexString(Fingerprint.OfContent("layer"u8).ToArray())
            + "0306000000000000" + "02000000" + "01000000" + "01000000" + "00000000"
            + "00" + "03" + "8010" + "00" + Convert.ToHexString(Fingerprint.OfContent("abc"u8).ToArray())
            + "01" + "00" + "01" + "64" + "ed03" + "00" + "00" + "02" + "00"
            + "a0" + "01" + "02" + "2f66" + "a403" + "00" + "00" + "03" + "00" + "00" + "8010");
        var index = new LayerDraft().Directory("d").File("d/f", "abc").Build();

        var encoded = LayerIndexFormat.Encode(index);

        output.WriteLine(Convert.ToHexString(encoded));
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(encoded.AsSpan(0, encoded.Length - 4)));
        Assert.Equal(Crc32C.Compute(expected), BitConverter.ToUInt32(encoded.AsSpan(encoded.Length - 4)));
    }

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        var encoded = LayerIndexFormat.Encode(Complete());
        for (var bit = 0; bit < encoded.Length * 8; bit++)
        {
            encoded[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<OciException>(() => LayerIndexFormat.Decode(encoded));
            encoded[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var encoded = LayerIndexFormat.Encode(Complete());
        for (var length = 0; length < encoded.Length; length++)
        {
            Assert.Throws<OciException>(() => LayerIndexFormat.Decode(encoded.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Hostile_bytes_with_a_right_checksum_are_read_or_refused()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var complete = LayerIndexFormat.Encode(Complete());
        var read = 0;
        for (var round = 0; round < 30_000; round++)
        {
            var bytes = Mutate(complete, random);
            try
            {
                var index = LayerIndexFormat.Decode(bytes);
                for (var entry = 0; entry < index.Count; entry++)
                {
                    _ = index.GetPath(entry).Length + index.GetLinkTarget(entry).Length + index.GetXattrs(entry).Count;
                    foreach (var extent in index.GetExtents(entry))
                    {
                        Assert.True(extent.ObjectOffset + extent.Length <= index.Objects[extent.Object].Length);
                    }
                }

                read++;
            }
            catch (OciException)
            {
                // Refused.
            }
        }

        Assert.True(read > 100, $"{read} of the mutations were read");
    }

    [Fact]
    public void Impossible_entries_are_refused()
    {
        var file = new LayerEntry { Type = LayerEntryType.File, Size = 10 };

        Assert.Throws<OciException>(() => new LayerDraft().Add(file, ""));
        Assert.Throws<OciException>(() => new LayerDraft().Add(file, "a\0b"));
        Assert.Throws<OciException>(() => new LayerDraft().Add(file with { Mode = 0x1000 }, "a"));
        Assert.Throws<OciException>(() => new LayerDraft().Add(file with { Size = -1 }, "a"));
        Assert.Throws<OciException>(() => new LayerDraft().Add(file with { ModifiedNanoseconds = 1_000_000_000 }, "a"));
        Assert.Throws<OciException>(() => new LayerDraft().Add(file, "a", "target"));
        Assert.Throws<OciException>(() => new LayerDraft().Symlink("a", ""));
        Assert.Throws<OciException>(() => new LayerDraft().Add(file, "a", extents: new LayerExtent(0, 1, 7, 0, 0)));
        Assert.Throws<OciException>(() => new LayerDraft().File(new string('x', LayerIndexLimits.PathBytes + 1)));
        Assert.Throws<OciException>(() => WithExtents(new LayerExtent(0, 11, 0, 0, 1_024)));
        Assert.Throws<OciException>(() => WithExtents(new LayerExtent(0, 5, 0, 0, 1_024), new LayerExtent(4, 5, 0, 5, 1_029)));
        Assert.Throws<OciException>(() => WithExtents(new LayerExtent(0, 5, 0, 96, 1_024)).Build());
        Assert.Throws<OciException>(() => WithExtents(new LayerExtent(0, 5, 0, 0, long.MaxValue)).Build());

        LayerDraft WithExtents(params LayerExtent[] extents)
        {
            var draft = new LayerDraft();
            draft.Object(100);
            return draft.Add(file, "a", extents: extents);
        }
    }

    [Fact]
    public void Attributes_of_one_name_are_the_last_ones_and_equal_sets_are_kept_once()
    {
        var other = Capability with { Value = [9] };
        var index = new LayerDraft()
            .File("a", xattrs: [Capability, Empty, other])
            .File("b", xattrs: [other, Empty])
            .Build();

        Assert.Single(index.XattrSets);
        Assert.Equal(["security.capability", "user.empty"], index.GetXattrs(0).Select(static x => System.Text.Encoding.UTF8.GetString(x.Name)));
        Assert.Equal([9], index.GetXattrs(1)[0].Value);
    }

    private static LayerIndex Complete()
    {
        var draft = new LayerDraft()
            .Directory("./", time: -5)
            .Directory("usr/", user: 3_000_000_000)
            .File("usr/a", "content", mode: 0b100_111_101_101, time: long.MinValue)
            .File("usr/ab", "more content", time: long.MaxValue, xattrs: [Capability, Empty])
            .File("usr/empty", xattrs: Empty)
            .File("usr/\xFF\xFE\x01", "content")
            .Link("usr/link", "usr/a")
            .Symlink("lib", "usr/lib")
            .Device("dev/null", 1, 3)
            .Device("dev/high", 4_095, 1_048_575)
            .Fifo("pipe")
            .File("usr/.wh.gone")
            .File("usr/.wh..wh..opq")
            .File("usr/a", "again");
        var pack = draft.Object(5_000);
        return draft
            .Add(new LayerEntry { Type = LayerEntryType.File, Size = 1L << 40, ModifiedNanoseconds = 999_999_999 }, "sparse", "",
                new LayerExtent(4_096, 1_000, pack, 0, 3_000), new LayerExtent(1L << 39, 4_000, pack, 1_000, 4_000))
            .Add(new LayerEntry { Type = LayerEntryType.File, Size = 1L << 40 }, "hole")
            .Build();
    }

    // Changes a few bytes behind the fixed head or in it, and writes the checksum again.
    private static byte[] Mutate(byte[] source, Random random)
    {
        var bytes = (byte[])source.Clone();
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            bytes[random.Next(56, bytes.Length - 4)] = (byte)random.Next(256);
        }

        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)));
        return bytes;
    }

    private static void AssertSame(LayerIndex expected, LayerIndex actual)
    {
        Assert.Equal(expected.DiffId, actual.DiffId);
        Assert.Equal(expected.ArchiveLength, actual.ArchiveLength);
        Assert.Equal(expected.Objects.ToArray(), actual.Objects.ToArray());
        Assert.Equal(expected.Count, actual.Count);
        for (var entry = 0; entry < expected.Count; entry++)
        {
            Assert.Equal(expected[entry], actual[entry]);
            Assert.Equal(expected.GetPath(entry), actual.GetPath(entry));
            Assert.Equal(expected.GetLinkTarget(entry), actual.GetLinkTarget(entry));
            Assert.Equal(expected.GetExtents(entry).ToArray(), actual.GetExtents(entry).ToArray());
            Assert.Equal(
                expected.GetXattrs(entry).Select(static x => Convert.ToHexString(x.Name) + "=" + Convert.ToHexString(x.Value)),
                actual.GetXattrs(entry).Select(static x => Convert.ToHexString(x.Name) + "=" + Convert.ToHexString(x.Value)));
        }
    }
}
