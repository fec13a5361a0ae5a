using System.Text;
using Larder.Cache.Integrity;

namespace Larder.Tests.Integrity;

public sealed class Crc32CTests
{
    // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
    [Fact]
    public void Published_vectors_are_met()
    {
        var rising = Enumerable.Range(0, 32).Select(static value => (byte)value).ToArray();

        foreach (var compute in (Func<byte[], uint>[])
            [static data => Crc32C.Compute(data), static data => Crc32C.AppendPortable(0, data)])
        {
            Assert.Equal(0x8A9136AAu, compute(new byte[32]));
            Assert.Equal(0x62A8AB43u, compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
            Assert.Equal(0x46DD794Eu, compute(rising));
            Assert.Equal(0x113FDB5Cu, compute(rising.Reverse().ToArray()));
            Assert.Equal(0xE3069283u, compute(Encoding.ASCII.GetBytes("123456789")));
            Assert.Equal(0u, compute([]));
        }
    }

    [Fact]
    public void The_processor_and_the_tables_agree_at_every_length_and_split()
    {
        var data = new byte[40_000];
        new Random(3).NextBytes(data);

        for (var length = 0; length < data.Length; length += length < 300 ? 1 : 997)
        {
            var whole = Crc32C.AppendPortable(0, data.AsSpan(0, length));
            Assert.Equal(whole, Crc32C.Compute(data.AsSpan(0, length)));
            var split = length * 2 / 3;
            Assert.Equal(whole, Crc32C.Append(Crc32C.Compute(data.AsSpan(0, split)), data.AsSpan(split, length - split)));
        }

        // Every alignment, with and without whole interleaved rounds.
        for (var offset = 0; offset < 16; offset++)
        {
            Assert.Equal(
                Crc32C.AppendPortable(7, data.AsSpan(offset, 30_001)), Crc32C.Append(7, data.AsSpan(offset, 30_001)));
        }
    }
}
