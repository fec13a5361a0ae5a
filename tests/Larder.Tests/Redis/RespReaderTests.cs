using System.Text;
using Larder.Cache.Redis.Protocol;

namespace Larder.Tests.Redis;

/// <summary>The reader of replies against every way in which bytes may come, and against bytes that are no replies.</summary>
public sealed class RespReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("+OK\r\n", RespType.Status, 0, "OK")]
    [InlineData("-ERR no\r\n", RespType.Error, 0, "ERR no")]
    [InlineData("!6\r\nERR no\r\n", RespType.Error, 0, "ERR no")]
    [InlineData(":-42\r\n", RespType.Integer, -42, "")]
    [InlineData("#t\r\n", RespType.Integer, 1, "")]
    [InlineData("#f\r\n", RespType.Integer, 0, "")]
    [InlineData("$3\r\na\r\n\r\n", RespType.Bulk, 0, "a\r\n")]
    [InlineData("$0\r\n\r\n", RespType.Bulk, 0, "")]
    [InlineData("=7\r\ntxt:abc\r\n", RespType.Bulk, 0, "txt:abc")]
    [InlineData("$-1\r\n", RespType.Null, 0, "")]
    [InlineData("*-1\r\n", RespType.Null, 0, "")]
    [InlineData("_\r\n", RespType.Null, 0, "")]
    [InlineData(",3.14\r\n", RespType.Status, 0, "3.14")]
    [InlineData("(12345678901234567890\r\n", RespType.Status, 0, "12345678901234567890")]
    [InlineData("|1\r\n+ttl\r\n:5\r\n+OK\r\n", RespType.Status, 0, "OK")]
    internal async Task Every_type_is_read_however_it_is_cut(string bytes, RespType type, long number, string text)
    {
        for (var step = 1; step <= bytes.Length; step++)
        {
            var value = await ReadAsync(new SteppedStream(Encoding.UTF8.GetBytes(bytes), step));

            Assert.Equal((type, number, text), (value.Type, value.Number, value.Text));
        }
    }

    [Fact]
    public async Task Aggregates_are_trees()
    {
        const string Bytes = "%2\r\n$4\r\nmode\r\n$7\r\ncluster\r\n+slots\r\n*2\r\n:1\r\n~1\r\n_\r\n";
        for (var step = 1; step <= Bytes.Length; step++)
        {
            var value = await ReadAsync(new SteppedStream(Encoding.UTF8.GetBytes(Bytes), step));

            Assert.Equal("cluster", value.Field("mode")!.Text);
            Assert.Equal(RespType.Null, value.Field("slots")!.Items[1].Items[0].Type);
            Assert.Null(value.Field("none"));
        }
    }

    [Theory]
    [InlineData("hello\r\n")]
    [InlineData("+OK\n")]
    [InlineData("\r\n")]
    [InlineData("$x\r\n")]
    [InlineData("$3x\r\nabc\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$536870913\r\n")]
    [InlineData("$99999999999999999999\r\n")]
    [InlineData("$3\r\nabcd\r\n")]
    [InlineData("*300000\r\n")]
    [InlineData("%-5\r\n")]
    [InlineData("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n")]
    [InlineData("*2\r\n$16777000\r\n")]
    [InlineData("!70000\r\n")]
    public async Task What_is_no_reply_or_too_much_is_refused(string bytes)
    {
        // The last but two end in the middle: they are refused before that, or end as a cut connection does.
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(new SteppedStream(Encoding.UTF8.GetBytes(bytes), 7)));

        Assert.True(failure is RespProtocolException or EndOfStreamException);
    }

    [Fact]
    public async Task A_line_that_does_not_end_is_refused_within_the_buffer() =>
        await Assert.ThrowsAsync<RespProtocolException>(() => ReadAsync(new SteppedStream([(byte)'+', .. new byte[200_000]], 4096)));

    [Fact]
    public async Task A_cut_anywhere_is_an_end_of_the_stream()
    {
        var bytes = "*3\r\n$5\r\nabcde\r\n:12\r\n%1\r\n+a\r\n-b\r\n"u8.ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            await Assert.ThrowsAsync<EndOfStreamException>(() => ReadAsync(new SteppedStream(bytes[..length], 3)));
        }
    }

    [Fact]
    public async Task Random_bytes_and_random_changes_end_in_a_value_or_a_failure_of_the_protocol()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var sound = Encoding.UTF8.GetBytes("*4\r\n$5\r\nabcde\r\n:12\r\n%1\r\n+a\r\n-b\r\n|1\r\n+t\r\n:1\r\n=5\r\ntxt:a\r\n>1\r\n_\r\n");
        var marks = "+-:$*%~_#,(!=>|\r\n0123456789-"u8.ToArray();
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = round % 2 == 0 ? sound.ToArray() : new byte[random.Next(1, 64)];
            for (var change = round % 2 == 0 ? random.Next(1, 4) : bytes.Length; change > 0; change--)
            {
                bytes[round % 2 == 0 ? random.Next(bytes.Length) : change - 1] = marks[random.Next(marks.Length)];
            }

            try
            {
                await ReadAsync(new SteppedStream(bytes, random.Next(1, 16)));
            }
            catch (Exception exception) when (exception is RespProtocolException or EndOfStreamException)
            {
                // One of the two ends that are right.
            }
        }
    }

    [Fact]
    public async Task A_bulk_comes_straight_into_its_place()
    {
        var payload = new byte[300_000];
        new Random(1).NextBytes(payload);
        var bytes = (byte[])[.. Encoding.ASCII.GetBytes($"${payload.Length}\r\n"), .. payload, .. "\r\n+next\r\n"u8];
        foreach (var step in new[] { 1_000, 65_536, 1_000_000 })
        {
            var reader = new RespReader(new SteppedStream(bytes, step));
            var place = new byte[payload.Length];

            var head = await reader.ReadHeadAsync(Token);
            await reader.ReadBulkAsync(place, Token);

            Assert.Equal(payload.Length, head.Number);
            Assert.Equal(payload, place);
            Assert.Equal("next", (await reader.ReadHeadAsync(Token)).Text);
            Assert.Equal(bytes.Length, reader.Received);
        }
    }

    [Fact]
    public void Commands_are_arrays_of_bulks_with_the_payload_left_out()
    {
        var command = new RespCommand("SET"u8, 4).Add("key"u8).AddPayload(new byte[5]).Add("PX"u8).Add(-1234567890123);

        var buffer = command.Take(out var length, out var split);

        Assert.Equal("*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\n", Encoding.ASCII.GetString(buffer, 0, split));
        Assert.Equal("\r\n$2\r\nPX\r\n$14\r\n-1234567890123\r\n", Encoding.ASCII.GetString(buffer, split, length - split));
        Assert.Equal(5, command.Payload.Length);
    }

    private static async Task<RespValue> ReadAsync(Stream stream)
    {
        var reader = new RespReader(stream);
        return await reader.ReadTreeAsync(await reader.ReadHeadAsync(Token), Token);
    }

    /// <summary>Gives so many bytes at a time.</summary>
    private sealed class SteppedStream(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(Read(buffer.Span[..Math.Min(step, buffer.Length)]));
    }
}
