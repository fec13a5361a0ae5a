using System.Net;
using System.Net.Sockets;

namespace Larder.Tests.Node;

public sealed class DrainTests
{
    [Fact]
    public async Task A_request_in_flight_is_finished_and_nothing_new_is_taken()
    {
        var node = await TestNode.StartAsync();
        using var upload = await node.ConnectAsync();
        await upload.SendAsync("PUT /ccache/x HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf");
        await WaitForAsync(() => node.Host.Services.Metrics.InFlight == 1);

        var stopping = node.Host.StopAsync(TestContext.Current.CancellationToken);
        await WaitForAsync(() => node.Host.Draining.IsCancellationRequested && !CanConnect(node.Address.Port));
        await upload.SendAsync("half");
        var answer = await upload.ReadAsync();
        await stopping;

        Assert.Equal(201, answer!.Status);
        Assert.Equal("close", answer.Headers["Connection"]);
        await node.DisposeAsync();
    }

    [Fact]
    public async Task A_request_that_does_not_end_is_cut_off_at_the_deadline()
    {
        var node = await TestNode.StartAsync(static options => options with { DrainDeadline = TimeSpan.FromSeconds(0.3) });
        using var upload = await node.ConnectAsync();
        await upload.SendAsync("PUT /ccache/x HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf");
        await WaitForAsync(() => node.Host.Services.Metrics.InFlight == 1);

        var started = TimeProvider.System.GetTimestamp();
        await node.Host.StopAsync(TestContext.Current.CancellationToken);

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0.25, 10);
        Assert.True(await upload.IsClosedAsync());
        await node.DisposeAsync();
    }

    [Fact]
    public async Task An_idle_connection_delays_nothing()
    {
        var node = await TestNode.StartAsync();
        await node.GetAsync("/healthz");

        var started = TimeProvider.System.GetTimestamp();
        await node.Host.StopAsync(TestContext.Current.CancellationToken);

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0, 10);
        await node.DisposeAsync();
    }

    [Fact]
    public async Task What_was_stored_is_there_after_a_restart()
    {
        var directory = Directory.CreateTempSubdirectory("larder-restart-").FullName;
        var body = new byte[100_000];
        new Random(3).NextBytes(body);
        try
        {
            await using (var first = await TestNode.StartAsync(options => options with { DataDirectory = directory }))
            {
                Assert.Equal(201, (await first.PutAsync("/ccache/kept", body)).Status);
            }

            await using var second = await TestNode.StartAsync(options => options with { DataDirectory = directory });
            Assert.Equal(body, (await second.GetAsync("/ccache/kept")).Body);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_node_becomes_ready_and_says_when_it_no_longer_is()
    {
        await using var node = await TestNode.StartAsync();
        await WaitForAsync(() => node.Host.Services.State.IsReady);

        var ready = await node.GetAsync("/readyz");
        await node.Host.Services.State.MarkDrainingAsync();
        var draining = await node.GetAsync("/readyz");
        var alive = await node.GetAsync("/healthz");

        Assert.Equal((200, "ready\n"), (ready.Status, ready.Text));
        Assert.Equal(503, draining.Status);
        Assert.Equal(200, alive.Status);
    }

    private static bool CanConnect(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        for (var attempt = 0; attempt < 400; attempt++)
        {
            if (condition())
            {
                return;
            }

            await Task.Delay(25, TestContext.Current.CancellationToken);
        }

        Assert.Fail("What the test waits for did not happen within 10 seconds.");
    }
}
