namespace Larder.Tests.Node;

public sealed class CcacheProtocolTests
{
    private static readonly string Hash40 = new('a', 40);

    public static TheoryData<string> Layouts => new(
        "/ccache/ab/cdefghijklmnopqrstuv0123456789",
        $"/ccache/prefix/{Hash40[..2]}/{Hash40[2..]}",
        $"/ccache/{Hash40}",
        $"/ccache/ac/{Hash40}{Hash40[..24]}",
        $"/ccache/team-x/ac/{Hash40}{Hash40[..24]}");

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task Every_layout_misses_then_stores_then_hits(string path)
    {
        await using var node = await TestNode.StartAsync();
        byte[] body = [0xC0, 0xDE, 0xFF, 0x00, .. Guid.NewGuid().ToByteArray()];

        var miss = await node.GetAsync(path);
        var put = await node.PutAsync(path, body);
        var hit = await node.GetAsync(path);

        Assert.Equal(404, miss.Status);
        Assert.Equal(0, miss.Length);
        Assert.Equal(201, put.Status);
        Assert.Equal(200, hit.Status);
        Assert.Equal(body.Length, hit.Length);
        Assert.Equal("application/octet-stream", hit.Headers["Content-Type"]);
        Assert.Equal(body, hit.Body);
    }

    [Fact]
    public async Task Head_tells_presence_and_length_without_a_body()
    {
        await using var node = await TestNode.StartAsync();
        await node.PutAsync("/ccache/one", new byte[12345]);

        using var connection = await node.ConnectAsync();
        await connection.SendAsync("HEAD /ccache/one HTTP/1.1\r\nHost: x\r\n\r\nHEAD /ccache/two HTTP/1.1\r\nHost: x\r\n\r\n");
        var present = await connection.ReadAsync(isHead: true);
        var absent = await connection.ReadAsync(isHead: true);

        Assert.Equal((200, "12345"), (present!.Status, present.Headers["Content-Length"]));
        Assert.Equal(404, absent!.Status);
    }

    [Fact]
    public async Task Delete_is_idempotent()
    {
        await using var node = await TestNode.StartAsync();
        await node.PutAsync("/ccache/one", [1]);

        Assert.Equal(204, (await node.DeleteAsync("/ccache/one")).Status);
        Assert.Equal(404, (await node.DeleteAsync("/ccache/one")).Status);
        Assert.Equal(404, (await node.GetAsync("/ccache/one")).Status);
    }

    [Fact]
    public async Task A_put_replaces_what_was_there()
    {
        await using var node = await TestNode.StartAsync();
        await node.PutAsync("/ccache/one", [1, 2, 3]);

        await node.PutAsync("/ccache/one", [4, 5]);

        Assert.Equal([4, 5], (await node.GetAsync("/ccache/one")).Body);
    }

    [Fact]
    public async Task One_connection_serves_a_whole_compilation()
    {
        // Two lookups that miss, then two stores, as one ccache process does it.
        await using var node = await TestNode.StartAsync();
        using var connection = await node.ConnectAsync();
        var statuses = new List<int>();

        foreach (var request in (string[])[
            "GET /ccache/m HTTP/1.1\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n",
            "GET /ccache/r HTTP/1.1\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n",
            "PUT /ccache/r HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Type: application/octet-stream\r\n\r\nbody",
            "PUT /ccache/m HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Type: application/octet-stream\r\n\r\n",
            "GET /ccache/r HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /ccache/m HTTP/1.1\r\nHost: x\r\n\r\n"])
        {
            await connection.SendAsync(request);
            statuses.Add((await connection.ReadAsync())!.Status);
        }

        Assert.Equal([404, 404, 201, 201, 200, 200], statuses);
    }

    [Fact]
    public async Task Names_are_opaque_and_never_meet()
    {
        await using var node = await TestNode.StartAsync();
        var hash = new string('0', 64);
        await node.PutAsync($"/ccache/ac/{hash}", [1]);
        await node.PutAsync($"/ccache/cas/{hash}", [2]);

        Assert.Equal([1], (await node.GetAsync($"/ccache/ac/{hash}")).Body);
        Assert.Equal([2], (await node.GetAsync($"/ccache/cas/{hash}")).Body);
        Assert.Equal(404, (await node.GetAsync($"/ac/{hash}")).Status);
        Assert.Equal(404, (await node.GetAsync($"/cas/{hash}")).Status);
    }
}
