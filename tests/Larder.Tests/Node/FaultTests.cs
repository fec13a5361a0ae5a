using Larder.Cache.Disk.Io;
using Larder.Cache.Fingerprints;
using Larder.Cache.Remote;

namespace Larder.Tests.Node;

/// <summary>Whatever a tier does, a build tool hears of a miss, in time, or of a success.</summary>
public sealed class FaultTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);
    private static readonly string Digest = Fingerprint.OfContent(new byte[1000]).ToString();

    public static TheoryData<string> Faults => FaultyStore.Faults;

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Trouble_upstream_is_a_miss_in_time(string fault)
    {
        await using var node = await TestNode.StartAsync(
            static options => options with { LookupDeadline = Deadline },
            cache => cache with
            {
                Remote = new RemoteTierOptions { Store = new FaultyStore(fault), LookupTimeout = TimeSpan.FromSeconds(30) },
            });

        foreach (var path in (string[])["/ccache/x", $"/cas/{Digest}", $"/ac/{Digest}", $"/v1/artifacts/handler/{Digest}"])
        {
            var started = TimeProvider.System.GetTimestamp();
            var answer = await node.GetAsync(path);

            Assert.Equal(404, answer.Status);
            Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, Deadline * 10);
        }

        Assert.Equal(201, (await node.PutAsync("/ccache/y", [1, 2, 3])).Status);
        Assert.Equal([1, 2, 3], (await node.GetAsync("/ccache/y")).Body);
    }

    [Theory]
    [InlineData("Io")]
    [InlineData("TooManyOpen")]
    [InlineData("Access")]
    public async Task A_disk_that_cannot_be_read_is_a_miss(string error)
    {
        using var disk = new FaultyDisk();
        await using var node = await StartAsync(disk, memoryBytes: 0);
        await node.PutAsync("/ccache/x", new byte[5000]);

        disk.ReadError = Enum.Parse<Errno>(error);
        var broken = await node.GetAsync("/ccache/x");
        disk.ReadError = Errno.None;
        var healed = await node.GetAsync("/ccache/x");

        Assert.Equal(404, broken.Status);
        Assert.Equal(0, broken.Length);
        Assert.True(healed.Status is 200 or 404, $"{healed.Status}");
        Assert.True(healed.Status == 404 || healed.Body.Length == 5000);
    }

    [Fact]
    public async Task A_disk_that_does_not_answer_is_a_miss_in_time_and_memory_goes_on()
    {
        using var disk = new FaultyDisk();
        await using var node = await StartAsync(disk, memoryBytes: 1024 * 1024);
        await node.PutAsync("/ccache/small", [1, 2, 3]);
        await node.PutAsync("/ccache/large", new byte[3 * 1024 * 1024]);
        disk.Block();
        try
        {
            var started = TimeProvider.System.GetTimestamp();
            var stuck = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => node.GetAsync("/ccache/large")));
            var elapsed = TimeProvider.System.GetElapsedTime(started);
            var second = TimeProvider.System.GetTimestamp();
            var later = await node.GetAsync("/ccache/large");
            var small = await node.GetAsync("/ccache/small");

            Assert.All(stuck, static answer => Assert.Equal(404, answer.Status));
            Assert.InRange(elapsed, Deadline / 2, Deadline * 10);
            Assert.Equal(404, later.Status);
            Assert.Equal([1, 2, 3], small.Body);
            Assert.InRange(TimeProvider.System.GetElapsedTime(second), TimeSpan.Zero, Deadline * 10);
        }
        finally
        {
            disk.Release();
        }

        for (var attempt = 0; attempt < 100 && (await node.GetAsync("/ccache/large")).Status != 200; attempt++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Equal(3 * 1024 * 1024, (await node.GetAsync("/ccache/large")).Body.Length);
    }

    [Fact]
    public async Task Trouble_after_the_first_bytes_cuts_the_connection()
    {
        await using var node = await TestNode.StartAsync(static options => options with { MemoryCapacityBytes = 0 });
        await node.PutAsync("/ccache/x", new byte[64 * 1024 * 1024]);
        using var connection = await node.ConnectAsync();
        await connection.SendAsync("GET /ccache/x HTTP/1.1\r\nHost: x\r\n\r\n");

        // Nobody reads, so that the answer stands still in mid-body.
        await connection.ArrivedAsync();
        using (var file = File.OpenWrite(LargestFileOf(node.DataDirectory)))
        {
            file.SetLength(4096);
        }

        var answer = await connection.ReadAsync(timeoutSeconds: 60);

        Assert.Equal((200, false), (answer!.Status, answer.IsWhole));
        Assert.InRange(answer.Body.Length, 1, (64 * 1024 * 1024) - 1);
    }

    [Theory]
    [InlineData("NoSpace")]
    [InlineData("Io")]
    [InlineData("ReadOnly")]
    public async Task A_disk_that_takes_nothing_is_a_success_that_says_so(string error)
    {
        using var disk = new FaultyDisk();
        await using var node = await StartAsync(disk, memoryBytes: 0);
        disk.WriteError = Enum.Parse<Errno>(error);
        var content = new byte[3_000_000];

        var ccache = await node.PutAsync("/ccache/x", content);
        var bazel = await node.PutAsync($"/cas/{Fingerprint.OfContent(content)}", content);
        var action = await node.PutAsync($"/ac/{Digest}", []);
        var own = await node.PutAsync($"/v1/artifacts/handler/{Digest}", content);
        var own404 = await node.GetAsync($"/v1/artifacts/handler/{Digest}");

        foreach (var answer in (RawAnswer[])[ccache, bazel, action])
        {
            Assert.Equal(200, answer.Status);
            Assert.StartsWith("no; reason=", answer.Headers["Larder-Stored"], StringComparison.Ordinal);
        }

        Assert.Equal(202, own.Status);
        Assert.Contains("\"stored\":false", own.Text, StringComparison.Ordinal);
        Assert.Equal(404, own404.Status);
    }

    [Fact]
    public async Task More_uploads_than_are_stored_at_a_time_are_dropped_and_answered()
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Limits = options.Limits with { Uploads = 1 },
        });
        using var slow = await node.ConnectAsync();
        await slow.SendAsync("PUT /ccache/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf");
        for (var attempt = 0; attempt < 200 && node.Host.Services.UploadSlots.CurrentCount > 0; attempt++)
        {
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }

        var refused = await node.PutAsync("/ccache/x", [1]);
        await slow.SendAsync("half");
        var stored = await slow.ReadAsync();

        Assert.Equal((200, "no; reason=busy"), (refused.Status, refused.Headers["Larder-Stored"]));
        Assert.Equal(201, stored!.Status);
    }

    [Fact]
    public async Task Nodes_chain()
    {
        await using var upper = await TestNode.StartAsync();
        await using var lower = await TestNode.StartAsync(options => options with { Upstream = upper.Address });
        await upper.PutAsync("/ccache/from-upper", [1, 2, 3]);

        var through = await lower.GetAsync("/ccache/from-upper");
        await lower.PutAsync("/ccache/from-lower", [4, 5, 6]);
        await lower.PostAsync("/v1/flush", []);
        var behind = await upper.GetAsync("/ccache/from-lower");

        Assert.Equal([1, 2, 3], through.Body);
        Assert.Equal([4, 5, 6], behind.Body);
    }

    private static Task<TestNode> StartAsync(FaultyDisk disk, long memoryBytes) => TestNode.StartAsync(
        options => options with { LookupDeadline = Deadline, MemoryCapacityBytes = memoryBytes },
        cache => cache with { Disk = cache.Disk! with { Io = disk } });

    private static string LargestFileOf(string directory) =>
        new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).MaxBy(static file => file.Length)!.FullName;
}
