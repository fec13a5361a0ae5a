using Larder.Wasm;
using Larder.Wasm.Decoding;

namespace Larder.Tests.Wasm.Decoding;

public sealed class ByteReaderTests
{
    [Theory]
    [InlineData("00", 0U)]
    [InlineData("7F", 127U)]
    [InlineData("8001", 128U)]
    [InlineData("FFFFFFFF0F", uint.MaxValue)]
    [InlineData("8080808000", 0U)]
    [InlineData("8380808000", 3U)]
    public void Unsigned_integers_are_read(string hex, uint expected)
    {
        var reader = new ByteReader(Convert.FromHexString(hex));

        Assert.Equal(expected, reader.ReadU32());
        Assert.True(reader.AtEnd);
    }

    [Theory]
    [InlineData("00", 0)]
    [InlineData("3F", 63)]
    [InlineData("40", -64)]
    [InlineData("7F", -1)]
    [InlineData("8001", 128)]
    [InlineData("FF7E", -129)]
    [InlineData("FFFFFFFF07", int.MaxValue)]
    [InlineData("8080808078", int.MinValue)]
    [InlineData("FFFFFFFF7F", -1)]
    public void Signed_integers_are_read(string hex, int expected)
    {
        var reader = new ByteReader(Convert.FromHexString(hex));

        Assert.Equal(expected, reader.ReadS32());
        Assert.True(reader.AtEnd);
    }

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFFFF00", long.MaxValue)]
    [InlineData("8080808080808080807F", long.MinValue)]
    [InlineData("FFFFFFFFFFFFFFFFFF7F", -1L)]
    [InlineData("7F", -1L)]
    public void Signed_64_bit_integers_are_read(string hex, long expected)
    {
        var reader = new ByteReader(Convert.FromHexString(hex));

        Assert.Equal(expected, reader.ReadS64());
        Assert.True(reader.AtEnd);
    }

    [Theory]
    [InlineData("u32", "808080808000", "integer representation too long")]
    [InlineData("u32", "FFFFFFFF1F", "integer too large")]
    [InlineData("u32", "8080808010", "integer too large")]
    [InlineData("u32", "80808080", "unexpected end")]
    [InlineData("u32", "", "unexpected end")]
    [InlineData("s32", "808080808000", "integer representation too long")]
    [InlineData("s32", "8080808008", "integer too large")]
    [InlineData("s32", "FFFFFFFF0F", "integer too large")]
    [InlineData("s32", "FFFFFFFF4F", "integer too large")]
    [InlineData("s33", "8080808020", "integer too large")]
    [InlineData("u64", "80808080808080808002", "integer too large")]
    [InlineData("u64", "8080808080808080808000", "integer representation too long")]
    [InlineData("s64", "80808080808080808001", "integer too large")]
    [InlineData("s64", "8080808080808080808000", "integer representation too long")]
    public void Wrong_integers_are_malformed(string type, string hex, string expected)
    {
        var bytes = Convert.FromHexString(hex);

        var exception = Assert.Throws<WasmException>(() =>
        {
            var reader = new ByteReader(bytes, 100, "data");
            _ = type switch
            {
                "u32" => reader.ReadU32(),
                "s32" => reader.ReadS32(),
                "s33" => reader.ReadS33(),
                "u64" => (long)reader.ReadU64(),
                _ => reader.ReadS64(),
            };
        });

        Assert.Equal(WasmErrorKind.Malformed, exception.Kind);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Equal("data", exception.Location.Section);
        Assert.InRange(exception.Location.Offset, 100, 100 + bytes.Length);
    }

    [Fact]
    public void Integers_of_every_length_come_back()
    {
        var random = new Random(20_260_101);
        for (var round = 0; round < 20_000; round++)
        {
            var value = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            var padding = random.Next(3);

            var signed = new ByteReader(Signed(value, padding));
            var unsigned = new ByteReader(Unsigned((ulong)value, padding));

            Assert.Equal(value, signed.ReadS64());
            Assert.True(signed.AtEnd);
            Assert.Equal((ulong)value, unsigned.ReadU64());
            Assert.True(unsigned.AtEnd);
        }
    }

    [Fact]
    public void Names_are_strict_utf8()
    {
        byte[] surrogate = [3, 0xED, 0xA0, 0x80];
        byte[] overlong = [2, 0xC0, 0x80];
        byte[] cut = [1, 0xE2];
        byte[] good = [4, 0xF0, 0x9F, 0x98, 0x80];

        foreach (var bytes in new[] { surrogate, overlong, cut })
        {
            var exception = Assert.Throws<WasmException>(() => new ByteReader(bytes).ReadName(100));
            Assert.Contains("malformed UTF-8 encoding", exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal("\U0001F600", new ByteReader(good).ReadName(100));
        Assert.Equal(
            WasmErrorKind.LimitExceeded, Assert.Throws<WasmException>(() => new ByteReader(good).ReadName(3)).Kind);
    }

    [Fact]
    public void Memory_arguments_carry_an_index_behind_bit_six()
    {
        byte[] plain = [2, 0x80, 1];
        byte[] indexed = [0x42, 3, 5];

        var reader = new ByteReader(plain);
        reader.ReadMemoryArgument(out var align, out var memory, out var offset);
        Assert.Equal((2U, 0, 128UL), (align, memory, offset));

        reader = new ByteReader(indexed);
        reader.ReadMemoryArgument(out align, out memory, out offset);
        Assert.Equal((2U, 3, 5UL), (align, memory, offset));

        var exception = Assert.Throws<WasmException>(() =>
        {
            var single = new ByteReader(indexed);
            single.ReadMemoryArgument(out _, out _, out _, multipleMemories: false);
        });
        Assert.Contains("malformed memop flags", exception.Message, StringComparison.Ordinal);
    }

    private static byte[] Signed(long value, int padding)
    {
        var bytes = new List<byte>();
        while (value is < -64 or > 63)
        {
            bytes.Add((byte)((value & 0x7F) | 0x80));
            value >>= 7;
        }

        padding = Math.Min(padding, 9 - bytes.Count);
        for (; padding > 0; padding--)
        {
            bytes.Add((byte)((value & 0x7F) | 0x80));
            value >>= 7;
        }

        return [.. bytes, (byte)(value & 0x7F)];
    }

    private static byte[] Unsigned(ulong value, int padding)
    {
        var bytes = new List<byte>();
        while (value > 127)
        {
            bytes.Add((byte)((value & 0x7F) | 0x80));
            value >>= 7;
        }

        padding = Math.Min(padding, 9 - bytes.Count);
        for (; padding > 0; padding--)
        {
            bytes.Add((byte)((value & 0x7F) | 0x80));
            value >>= 7;
        }

        return [.. bytes, (byte)value];
    }
}
