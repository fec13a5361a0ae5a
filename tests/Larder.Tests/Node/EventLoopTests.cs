using System.Net;
using System.Net.Sockets;
using System.Text;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Node;

/// <summary>Connections are received by a few threads for all: nothing that waits may run on them.</summary>
public sealed class EventLoopTests
{
    [Fact]
    public async Task Nothing_that_may_wait_for_the_disk_runs_on_a_loop()
    {
        using var disk = new FaultyDisk();
        await using var node = await StartAsync(disk, memoryBytes: 0);
        var large = Bytes(3 * 1024 * 1024);
        var digest = Fingerprint.OfContent(large).ToString();

        Assert.Equal(201, (await node.PutAsync("/ccache/small", Bytes(4096))).Status);
        Assert.Equal(201, (await node.PutAsync($"/cas/{digest}", large)).Status);
        Assert.Equal(201, (await node.PutChunkedAsync("/ccache/chunked", Bytes(500_000))).Status);
        Assert.Equal(Bytes(4096), (await node.GetAsync("/ccache/small")).Body);
        Assert.Equal(large, (await node.GetAsync($"/cas/{digest}")).Body);
        Assert.Equal(404, (await node.GetAsync("/ccache/absent")).Status);
        Assert.Equal(404, (await node.GetAsync($"/ac/{digest}")).Status);
        Assert.Equal(200, (await node.GetAsync("/v1/artifacts/ccache")).Status);
        Assert.Equal(200, (await node.PostAsync($"/v1/verify/bazel-cas/{digest}", [])).Status);
        Assert.Equal(204, (await node.DeleteAsync("/ccache/small")).Status);

        Assert.Equal(0, disk.OperationsOnLoops);
    }

    [Fact]
    public async Task With_a_memory_tier_too()
    {
        using var disk = new FaultyDisk();
        await using var node = await StartAsync(disk, memoryBytes: 1024 * 1024);

        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 40; i++)
            {
                await node.PutAsync($"/ccache/{i}", Bytes(60_000));
                Assert.Equal(Bytes(60_000), (await node.GetAsync($"/ccache/{i}")).Body);
            }
        }

        Assert.Equal(0, disk.OperationsOnLoops);
    }

    [Fact]
    public async Task A_loop_whose_thread_is_stuck_goes_on_with_another()
    {
        using var disk = new FaultyDisk();
        await using var node = await StartAsync(disk, memoryBytes: 0);
        await node.PutAsync("/ccache/x", Bytes(4096));
        await node.GetAsync("/ccache/x");
        var stuck = new List<RawConnection>();
        disk.Block();
        try
        {
            // More than there are loops. The look at an open file is the one question that loops ask the disk.
            for (var i = 0; i < 2 * Environment.ProcessorCount; i++)
            {
                var connection = await node.ConnectAsync();
                stuck.Add(connection);
                await connection.SendAsync("GET /ccache/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
            }

            var health = await Task.WhenAll(Enumerable.Range(0, 8).Select(
                _ => node.AskAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")));
            var misses = await Task.WhenAll(stuck.Select(static connection => connection.ReadAsync()));

            Assert.All(health, static answer => Assert.Equal(200, answer!.Status)); // Fails on null too.
            Assert.All(misses, static answer => Assert.Equal(404, answer!.Status));
        }
        finally
        {
            disk.Release();
        }

        for (var i = 0; i < 8; i++)
        {
            var healed = await node.AskAsync("GET /ccache/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.True(healed is { Status: 200 or 404 }, $"{healed?.Status}");
        }

        stuck.ForEach(static connection => connection.Dispose());
    }

    [Fact]
    public async Task Requests_that_come_at_once_are_answered_in_order()
    {
        await using var node = await TestNode.StartAsync(static options => options with { MemoryCapacityBytes = 0 });
        for (var i = 0; i < 10; i++)
        {
            await node.PutAsync($"/ccache/{i}", Encoding.ASCII.GetBytes($"artifact {i}"));
        }

        using var connection = await node.ConnectAsync();
        var requests = new StringBuilder();
        for (var i = 0; i < 500; i++)
        {
            // Reads that stay on the loop, a miss that leaves it and a write in between.
            requests.Append(System.Globalization.CultureInfo.InvariantCulture, $"GET /ccache/{i % 10} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            requests.Append("GET /ccache/absent HTTP/1.1\r\nHost: localhost\r\n\r\n");
            requests.Append("PUT /ccache/put HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
        }

        await connection.SendAsync(requests.ToString());
        for (var i = 0; i < 500; i++)
        {
            Assert.Equal($"artifact {i % 10}", Encoding.ASCII.GetString((await connection.ReadAsync())!.Body));
            Assert.Equal(404, (await connection.ReadAsync())!.Status);
            Assert.True((await connection.ReadAsync()) is { Status: 200 or 201 });
        }
    }

    [Fact]
    public async Task Connections_that_break_at_any_moment_leave_nothing_behind()
    {
        await using var node = await TestNode.StartAsync(static options => options with { MemoryCapacityBytes = 0 });
        await node.PutAsync("/ccache/x", Bytes(200_000));
        const int Seed = 20261120;
        var random = new Random(Seed);
        var request = Encoding.ASCII.GetBytes(
            "GET /ccache/x HTTP/1.1\r\nHost: localhost\r\n\r\nPUT /ccache/y HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789");

        for (var i = 0; i < 300; i++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, node.Address.Port);
            await socket.SendAsync(request.AsMemory(0, random.Next(request.Length + 1)));
            if (random.Next(2) == 0)
            {
                await Task.Delay(random.Next(3));
            }

            if (random.Next(2) == 0)
            {
                socket.LingerState = new LingerOption(true, 0);
            }
        }

        for (var wait = 0; wait < 400 && node.Host.Services.Metrics.Connections > 1; wait++)
        {
            await Task.Delay(25);
        }

        // The one that is left belongs to the client of the test.
        Assert.InRange(node.Host.Services.Metrics.Connections, 0, 1);
        Assert.Equal(Bytes(200_000), (await node.GetAsync("/ccache/x")).Body);
    }

    private static Task<TestNode> StartAsync(FaultyDisk disk, long memoryBytes) => TestNode.StartAsync(
        options => options with { MemoryCapacityBytes = memoryBytes, LookupDeadline = TimeSpan.FromSeconds(1) },
        cache => cache with { Disk = cache.Disk! with { Io = disk } });

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
