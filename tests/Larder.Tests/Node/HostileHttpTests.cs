using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Larder.Tests.Node;

public sealed class HostileHttpTests
{
    public static TheoryData<string> OddPaths => new(
        "/ccache/../v1/artifacts/x",
        "/ccache/a/../../etc/passwd",
        "/ccache/..",
        "/ccache/./a",
        "/ccache/%2e%2e/%2e%2e/etc/passwd",
        "/ccache/%2E%2E%2fetc",
        "/ccache/%252e%252e/x",
        "/ccache/a%5cb",
        "/ccache/a\\..\\b",
        "/ccache//a",
        "/ccache/a%01b",
        "/ccache/a%7fb",
        "/ccache/a%c0%ae%c0%ae/b",
        "/ccache/%zz");

    [Theory]
    [MemberData(nameof(OddPaths))]
    public async Task A_path_that_means_something_else_elsewhere_is_refused(string path)
    {
        await using var node = await TestNode.StartAsync();

        var get = await node.AskAsync($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        var put = await node.AskAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");

        Assert.Equal(400, get!.Status);
        Assert.Equal(400, put!.Status);
        Assert.Equal(200, (await node.GetAsync("/healthz")).Status);
    }

    [Theory]
    [InlineData("GET /ccache/a%00b HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET /ccache/a\0b HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET  HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET /ccache/x HTTP/9.9\r\nHost: x\r\n\r\n")]
    [InlineData("GET /ccache/x HTTP/1.1\r\n\r\n")]
    [InlineData("GET /ccache/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET /ccache/x HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n")]
    [InlineData("GET /ccache/x HTTP/1.1\r\nHost: x\r\n : y\r\n\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    public async Task A_malformed_request_is_refused_and_the_node_lives(string request)
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.AskAsync(request);

        Assert.NotNull(answer);
        Assert.InRange(answer.Status, 400, 505);
        Assert.NotEqual(500, answer.Status);
        Assert.Equal(200, (await node.GetAsync("/healthz")).Status);
    }

    [Theory]
    [InlineData("PATCH", "/ccache/x")]
    [InlineData("OPTIONS", "/ccache/x")]
    [InlineData("TRACE", "/cas/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("POST", "/v1/artifacts/handler/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("BREW", "/ccache/x")]
    [InlineData("PUT", "/healthz")]
    [InlineData("PUT", "/metrics")]
    public async Task An_unknown_method_is_answered_with_those_that_are_allowed(string method, string path)
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.AskAsync($"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(405, answer!.Status);
        Assert.Contains("GET", answer.Headers["Allow"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/ccache/x")]
    [InlineData("/cas/0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/v1/artifacts/handler/0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/ac/0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Too_large_a_body_is_refused_before_it_is_sent(string path)
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Limits = options.Limits with { BodyBytes = 1000, DocumentBytes = 1000 },
        });

        var asked = await node.AskAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
        var huge = await node.AskAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999999\r\n\r\n");

        Assert.Equal(413, asked!.Status);
        Assert.Equal(413, huge!.Status);
        Assert.Equal("close", huge.Headers["Connection"]);
    }

    [Fact]
    public async Task Too_large_a_body_in_chunks_is_refused_as_soon_as_it_is()
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Limits = options.Limits with { BodyBytes = 1000 },
        });
        using var connection = await node.ConnectAsync();

        await connection.SendAsync("PUT /ccache/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + new string('x', 2000) + "\r\n");
        var answer = await connection.ReadAsync();

        Assert.Equal(413, answer!.Status);
        Assert.Equal(404, (await node.GetAsync("/ccache/x")).Status);
    }

    [Fact]
    public async Task A_body_without_a_length_is_refused()
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.AskAsync("PUT /ccache/x HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(411, answer!.Status);
    }

    [Fact]
    public async Task A_client_that_asks_first_is_told_to_go_on()
    {
        await using var node = await TestNode.StartAsync();
        using var connection = await node.ConnectAsync();

        await connection.SendAsync("PUT /ccache/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        var goOn = await connection.ReadAsync();
        await connection.SendAsync("body");
        var stored = await connection.ReadAsync();

        Assert.Equal(100, goOn!.Status);
        Assert.Equal(201, stored!.Status);
    }

    [Theory]
    [InlineData("Content-Length: 100\r\n\r\nonly this")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n64\r\nonly this")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n")]
    public async Task A_body_that_ends_early_stores_nothing(string rest)
    {
        await using var node = await TestNode.StartAsync();
        using var connection = await node.ConnectAsync();

        await connection.SendAsync($"PUT /ccache/x HTTP/1.1\r\nHost: x\r\n{rest}");
        connection.HalfClose();
        var answer = await connection.ReadAsync();

        Assert.True(answer is null or { Status: 400 });
        Assert.True(await connection.IsClosedAsync());
        Assert.Equal(404, (await node.GetAsync("/ccache/x")).Status);
    }

    [Fact]
    public async Task A_connection_that_breaks_in_the_middle_of_a_body_stores_nothing()
    {
        await using var node = await TestNode.StartAsync();

        for (var round = 0; round < 20; round++)
        {
            using var connection = await node.ConnectAsync();
            await connection.SendAsync("PUT /ccache/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + new string('x', 50_000 * round % 999_999));
        }

        await node.AssertNothingLeaksAsync();
        Assert.Equal(404, (await node.GetAsync("/ccache/x")).Status);
    }

    [Theory]
    [InlineData("zz\r\nbody\r\n0\r\n\r\n")]
    [InlineData("-4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("4\r\nbodyXX0\r\n\r\n")]
    [InlineData("ffffffffffffffff\r\nbody\r\n")]
    public async Task Broken_chunks_are_refused_and_store_nothing(string chunks)
    {
        await using var node = await TestNode.StartAsync();
        using var connection = await node.ConnectAsync();

        await connection.SendAsync($"PUT /ccache/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        var answer = await connection.ReadAsync();

        Assert.Equal(400, answer!.Status);
        Assert.Equal(404, (await node.GetAsync("/ccache/x")).Status);
    }

    [Fact]
    public async Task Length_and_chunks_together_smuggle_nothing()
    {
        await using var node = await TestNode.StartAsync();
        using var connection = await node.ConnectAsync();

        await connection.SendAsync(
            "PUT /ccache/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "0\r\n\r\nPUT /ccache/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
        await connection.ReadAsync();
        await Task.Delay(100, TestContext.Current.CancellationToken);

        // Either the whole is refused, or the second request is one of its own; what counts is that lengths never disagree.
        var answer = await node.GetAsync("/ccache/x");
        Assert.True(answer.Status == 404 || answer.Length == 0);
    }

    [Fact]
    public async Task Slow_bodies_are_cut_off_and_store_nothing()
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Limits = options.Limits with { MinUploadBytesPerSecond = 10_000, SlowGrace = TimeSpan.FromSeconds(1.1) },
        });
        using var connection = await node.ConnectAsync();

        await connection.SendAsync("PUT /ccache/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nslow");
        var answer = await connection.ReadAsync();

        Assert.Equal(408, answer!.Status);
        Assert.True(await connection.IsClosedAsync());
        Assert.Equal(404, (await node.GetAsync("/ccache/x")).Status);
    }

    [Fact]
    public async Task Slow_headers_are_cut_off()
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Limits = options.Limits with { Headers = TimeSpan.FromSeconds(1) },
        });
        using var connection = await node.ConnectAsync();

        await connection.SendAsync("GET /ccache/x HTTP/1.1\r\nHost: x\r\nX-Slow: ");
        var answer = await connection.ReadAsync();

        Assert.True(answer is null or { Status: 408 });
        Assert.True(await connection.IsClosedAsync());
    }

    [Fact]
    public async Task A_client_that_reads_too_slowly_is_cut_off()
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Limits = options.Limits with { MinDownloadBytesPerSecond = 50_000_000, SlowGrace = TimeSpan.FromSeconds(1.1) },
        });
        await node.PutAsync("/ccache/big", new byte[24 * 1024 * 1024]);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, node.Address.Port, TestContext.Current.CancellationToken);

        await socket.SendAsync("GET /ccache/big HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        // Nothing is read here until the node has let go of the request by itself.
        await Task.Delay(200, TestContext.Current.CancellationToken);
        await node.AssertNothingLeaksAsync();
    }

    [Fact]
    public async Task A_flood_of_headers_is_refused()
    {
        await using var node = await TestNode.StartAsync();
        var many = string.Concat(Enumerable.Range(0, 5000).Select(static index => $"X-{index}: y\r\n"));

        var count = await node.AskAsync($"GET /ccache/x HTTP/1.1\r\nHost: x\r\n{many}\r\n");
        var size = await node.AskAsync($"GET /ccache/x HTTP/1.1\r\nHost: x\r\nX-Long: {new string('y', 100_000)}\r\n\r\n");
        var line = await node.AskAsync($"GET /ccache/{new string('x', 20_000)} HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(431, count!.Status);
        Assert.Equal(431, size!.Status);
        Assert.Equal(414, line!.Status);
        Assert.Equal(200, (await node.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Random_bytes_never_break_the_node()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var node = await TestNode.StartAsync();
        var template = Encoding.Latin1.GetBytes(
            "PUT /ccache/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nRange: bytes=0-5\r\nIf-None-Match: *\r\n\r\nbodyGET /v1/artifacts/handler/00 HTTP/1.1\r\n\r\n");

        for (var round = 0; round < 200; round++)
        {
            var bytes = (byte[])template.Clone();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            using var connection = await node.ConnectAsync();
            await connection.SendAsync(bytes);
            connection.HalfClose();
            while (await connection.ReadAsync() is { } answer)
            {
                Assert.True(answer.Status is < 500 or 501 or 505, $"seed {seed}, round {round}: {answer.Status}");
            }
        }

        Assert.Equal(200, (await node.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Thousands_of_parallel_connections_are_served()
    {
        const int Wanted = 10_000;
        var count = Math.Min(Wanted, (OpenFileLimit() - 2000) / 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} connections of {Wanted}");
        Assert.True(count > 200, "The limit of open files is too low for this test: raise it with ulimit -n.");
        await using var node = await TestNode.StartAsync();
        await node.PutAsync("/ccache/x", [1, 2, 3]);
        var connections = new List<RawConnection>(count);
        try
        {
            for (var index = 0; index < count; index++)
            {
                connections.Add(await node.ConnectAsync());
            }

            var failures = 0;
            await Parallel.ForEachAsync(connections, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (connection, _) =>
            {
                await connection.SendAsync("GET /ccache/x HTTP/1.1\r\nHost: x\r\n\r\n");
                if ((await connection.ReadAsync(timeoutSeconds: 60)) is not { Status: 200, IsWhole: true, Body: [1, 2, 3] })
                {
                    Interlocked.Increment(ref failures);
                }
            });

            Assert.Equal(0, failures);
            Assert.True(node.Host.Services.Metrics.Connections >= count);
        }
        finally
        {
            connections.ForEach(static connection => connection.Dispose());
        }

        for (var attempt = 0; attempt < 200 && node.Host.Services.Metrics.Connections > 1; attempt++)
        {
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }

        Assert.InRange(node.Host.Services.Metrics.Connections, 0, 1);
    }

    private static int OpenFileLimit()
    {
        var line = File.ReadLines("/proc/self/limits").Single(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return int.Parse(line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], System.Globalization.CultureInfo.InvariantCulture);
    }
}
