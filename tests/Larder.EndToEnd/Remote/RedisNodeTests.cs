using System.Net;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Remote;

/// <summary>Two nodes that share a Redis.</summary>
[Collection(EngineTests.Name)]
public sealed class RedisNodeTests
{
    [Fact]
    public async Task What_one_node_was_given_the_other_gives_out()
    {
        await using var engine = await EngineProcess.StartRedisAsync("--requirepass", "open-sesame");
        using var directory = new TemporaryDirectory();
        string[] options =
        [
            "--upstream", $"redis://127.0.0.1:{engine.Port}/2", "--upstream-token", "open-sesame", "--upstream-prefix", "shared:", "--log", "debug",
        ];
        var first = await NodeProcess.StartAsync(directory["first"], options);
        var second = await NodeProcess.StartAsync(directory["second"], options);
        var bytes = TestFile.Bytes(1, 3_000_000);
        var place = new Uri($"v1/artifacts/test/{new string('a', 64)}", UriKind.Relative);

        using var put = await first.Client.PutAsync(place, new ByteArrayContent(bytes), TestContext.Current.CancellationToken);
        put.EnsureSuccessStatusCode();
        var status = HttpStatusCode.NotFound;
        byte[] got = [];
        for (var i = 0; i < 200 && status == HttpStatusCode.NotFound; i++)
        {
            // The upload runs behind the answer.
            await Task.Delay(50, TestContext.Current.CancellationToken);
            using var answer = await second.Client.GetAsync(place, TestContext.Current.CancellationToken);
            status = answer.StatusCode;
            got = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(bytes, got);
        await first.StopAsync();
        await second.StopAsync();
        Assert.DoesNotContain("sesame", first.Log + second.Log, StringComparison.Ordinal);
        await first.DisposeAsync();
        await second.DisposeAsync();
    }
}
