using System.Buffers.Binary;
using System.Text;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.Tests.Indexer.Blocks;

public sealed class BlockSourceTests : IDisposable
{
    private static readonly List<byte[]> Chain = BlockBuilder.Chain(12);

    private readonly BlockFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Raw_and_hex_files_are_told_apart_by_their_content()
    {
        string[] paths =
        [
            _folder.Raw("a", Chain[0]),
            _folder.Text("b", Hex(Chain[1])),
            _folder.Text("c", "0x" + Hex(Chain[2]).ToUpperInvariant() + "\r\n\n"),
            _folder.Text("d", Hex(Chain[3]) + "\n\n  0X" + Hex(Chain[4]) + " \n" + Hex(Chain[5])),
        ];

        Assert.Equal(Chain[..6], await BytesAsync(BlockSources.Open(paths, new BlockSourceOptions())));
    }

    [Fact]
    public async Task Hex_that_is_wrapped_is_one_block()
    {
        var lines = string.Join('\n', Hex(Chain[0]).Chunk(60).Select(static part => new string(part)));

        Assert.Equal([Chain[0]], await BytesAsync(BlockSources.Open([_folder.Text("wrapped", lines + "\n")], new BlockSourceOptions())));
    }

    [Fact]
    public async Task Files_of_a_directory_come_in_natural_order_with_their_heights()
    {
        foreach (var i in Enumerable.Range(0, 12))
        {
            _folder.Raw($"block-{i + 95}.bin", Chain[i]);
        }

        _folder.Text(".hidden", "not a block");
        Directory.CreateDirectory(_folder["sub"]);

        var blocks = await ReadAsync(BlockSources.Open([_folder.Path], new BlockSourceOptions()));

        Assert.Equal(Chain, blocks.Select(static block => block.Bytes.ToArray()));
        Assert.Equal(Enumerable.Range(95, 12).Select(static i => (uint?)i), blocks.Select(static block => block.Height));
    }

    [Fact]
    public async Task Reading_begins_at_the_height_that_is_wanted()
    {
        foreach (var i in Enumerable.Range(0, 12))
        {
            _folder.Raw($"{i:000}.bin", Chain[i]);
        }

        Assert.Equal(Chain[9..], await BytesAsync(BlockSources.Open([_folder.Path], new BlockSourceOptions()), from: 9));
    }

    [Fact]
    public async Task One_name_without_a_number_makes_all_names_an_order()
    {
        _folder.Raw("2.bin", Chain[0]);
        _folder.Raw("10.bin", Chain[1]);
        _folder.Raw("last.bin", Chain[2]);

        var blocks = await ReadAsync(BlockSources.Open([_folder.Path], new BlockSourceOptions()));

        Assert.Equal(Chain[..3], blocks.Select(static block => block.Bytes.ToArray()));
        Assert.All(blocks, static block => Assert.Null(block.Height));
    }

    [Fact]
    public void Two_files_of_one_height_are_refused()
    {
        _folder.Raw("a7", Chain[0]);
        _folder.Raw("b07", Chain[1]);

        var e = Assert.Throws<IndexerException>(() => BlockSources.Open([_folder.Path], new BlockSourceOptions()));

        Assert.Contains("both of height 7", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a9 a10 a100", "a100 a10 a9")]
    [InlineData("1 2 002x 3", "3 002x 2 1")]
    [InlineData("b2c9 b2c10 b10c1", "b10c1 b2c10 b2c9")]
    public void Numbers_in_names_count_as_numbers(string expected, string given) =>
        Assert.Equal(expected.Split(' '), given.Split(' ').Order(NaturalOrder.Instance));

    [Fact]
    public async Task Blocks_come_through_standard_input_as_lines()
    {
        var text = string.Join('\n', Chain.Select(Hex));

        var source = new StreamBlockSource(new MemoryStream(Encoding.ASCII.GetBytes(text)), "standard input", new BlockSourceOptions());

        Assert.Equal(Chain, await BytesAsync(source));
    }

    [Fact]
    public async Task Blocks_come_through_standard_input_after_their_lengths()
    {
        var bytes = Chain.SelectMany(static block => Framed(block)).ToArray();
        var options = new BlockSourceOptions { Encoding = BlockEncoding.Raw };

        Assert.Equal(Chain, await BytesAsync(new StreamBlockSource(new MemoryStream(bytes), "standard input", options)));
        for (var length = 1; length < 100; length++)
        {
            var cut = new StreamBlockSource(new MemoryStream(bytes[..length]), "standard input", options);

            Assert.Equal(IndexerErrorKind.BadBlock, (await Assert.ThrowsAsync<IndexerException>(() => BytesAsync(cut))).Kind);
        }
    }

    [Fact]
    public async Task A_claimed_length_takes_no_memory()
    {
        byte[] claim = [0, 0, 0, 0x30, 1, 2, 3];
        var options = new BlockSourceOptions { Encoding = BlockEncoding.Raw, MaxBlockBytes = 1024 * 1024 * 1024 };
        var before = GC.GetTotalAllocatedBytes();

        var e = await Assert.ThrowsAsync<IndexerException>(() => BytesAsync(new StreamBlockSource(new MemoryStream(claim), "standard input", options)));

        Assert.Contains("ends after 3 of 805306368 bytes", e.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 100 * 1024 * 1024);
    }

    [Theory]
    [InlineData("zz", "", "character 1 is no hex digit")]
    [InlineData("00g0", "0011\n", "line 2: character 3 is no hex digit")]
    [InlineData("012", "", "3 hex digits are not whole bytes")]
    [InlineData("", "", "is empty")]
    public async Task What_is_not_hex_is_refused_with_its_line(string wrong, string before, string expected)
    {
        var source = BlockSources.Open(
            [_folder.Text("x", before + wrong)], new BlockSourceOptions { Encoding = BlockEncoding.Hex, Format = BlockFormat.Opaque });

        var e = await Assert.ThrowsAsync<IndexerException>(() => BytesAsync(source));

        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BlockEncoding.Raw)]
    [InlineData(BlockEncoding.Hex)]
    public async Task A_block_beyond_the_limit_is_refused(BlockEncoding encoding)
    {
        var options = new BlockSourceOptions { MaxBlockBytes = Chain[0].Length - 1 };
        var path = encoding == BlockEncoding.Raw ? _folder.Raw("x", Chain[0]) : _folder.Text("x", Hex(Chain[0]));

        var e = await Assert.ThrowsAsync<IndexerException>(() => BytesAsync(BlockSources.Open([path], options)));

        Assert.Equal(IndexerErrorKind.LimitExceeded, e.Kind);
    }

    [Fact]
    public void Paths_that_are_not_there_and_mixtures_are_refused()
    {
        var file = _folder.Raw("x", Chain[0]);

        Assert.Contains("There is no file", Refusal("/nowhere/at/all"), StringComparison.Ordinal);
        Assert.Contains("one directory alone", Refusal(file, _folder.Path), StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["empty"]);
        Assert.Contains("no file of blocks", Refusal(_folder["empty"]), StringComparison.Ordinal);

        static string Refusal(params string[] paths) =>
            Assert.Throws<IndexerException>(() => BlockSources.Open(paths, new BlockSourceOptions())).Message;
    }

    [Theory]
    [InlineData(false, "f9beb4d9")]
    [InlineData(true, "0b110907")]
    public async Task Files_of_a_node_are_put_in_the_order_of_the_chain(bool isMasked, string mark)
    {
        // A branch of two blocks that was left after block 3, and blocks that came before the ones that they follow.
        var left = BlockBuilder.Chain(2, branch: 9, after: Chain[3]);
        byte[][] order = [Chain[0], Chain[2], Chain[1], Chain[3], left[0], Chain[4], left[1], .. Chain[5..]];
        var magic = Convert.FromHexString(mark);
        byte[] junk = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        byte[] key = isMasked ? [9, 8, 7, 6, 5, 4, 3, 2] : new byte[8];
        var first = order[..6].SelectMany(block => (byte[])[.. magic, .. Framed(block)]).Concat(junk).ToArray();
        var second = order[6..].SelectMany(block => (byte[])[.. magic, .. Framed(block)]).ToArray();
        _folder.Raw("blk00000.dat", Masked(first, key));
        _folder.Raw("blk00001.dat", Masked(second, key), new byte[5000]);
        _folder.Text("rev00000.dat", "something else");
        if (isMasked)
        {
            _folder.Raw("xor.dat", key);
        }

        await using var source = BlockSources.Open([_folder.Path], new BlockSourceOptions());
        var blocks = await ReadAsync(source);

        Assert.Equal(Chain.Count, source.Count);
        Assert.Equal(Chain, blocks.Select(static block => block.Bytes.ToArray()));
        Assert.Equal(Enumerable.Range(0, 12).Select(static i => (uint?)i), blocks.Select(static block => block.Height));
        Assert.Equal(Chain[7..], await BytesAsync(source, from: 7));
    }

    [Fact]
    public void Damaged_files_of_a_node_are_refused()
    {
        byte[] mark = [0xf9, 0xbe, 0xb4, 0xd9];
        byte[] whole = [.. mark, .. Framed(Chain[0])];
        File.WriteAllBytes(_folder["blk00000.dat"], whole[..^1]);
        Assert.Contains("the file ends after", Refusal(), StringComparison.Ordinal);

        File.WriteAllBytes(_folder["blk00000.dat"], [.. mark, 0xff, 0xff, 0xff, 0xff, .. Chain[0]]);
        Assert.Contains("claims 4294967295 bytes", Refusal(), StringComparison.Ordinal);

        File.WriteAllBytes(_folder["blk00000.dat"], whole);
        File.WriteAllBytes(_folder["blk00001.dat"], [1, 2, 3, 4, .. whole]);
        Assert.Contains("different chains", Refusal(), StringComparison.Ordinal);

        File.WriteAllBytes(_folder["blk00000.dat"], new byte[100]);
        File.Delete(_folder["blk00001.dat"]);
        Assert.Contains("hold no block", Refusal(), StringComparison.Ordinal);

        string Refusal() => Assert.Throws<IndexerException>(() => BlockSources.Open([_folder.Path], new BlockSourceOptions())).Message;
    }

    private static string Hex(byte[] block) => Convert.ToHexStringLower(block);

    private static byte[] Masked(byte[] bytes, byte[] key) => [.. bytes.Select((value, i) => (byte)(value ^ key[i % 8]))];

    private static byte[] Framed(byte[] block)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, block.Length);
        return [.. length, .. block];
    }

    private static async Task<List<byte[]>> BytesAsync(IBlockSource source, uint? from = null) =>
        [.. (await ReadAsync(source, from)).Select(static block => block.Bytes.ToArray())];

    private static async Task<List<SourceBlock>> ReadAsync(IBlockSource source, uint? from = null)
    {
        var blocks = new List<SourceBlock>();
        await foreach (var block in source.ReadAsync(from, TestContext.Current.CancellationToken))
        {
            blocks.Add(block);
        }

        return blocks;
    }
}
