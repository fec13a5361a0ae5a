using System.Net;
using System.Text;
using System.Text.Json;
using Larder.EndToEnd.Harness;
using Larder.Handlers;
using Larder.Handlers.Engine;

namespace Larder.EndToEnd.Handlers;

/// <summary>Handlers go on whatever happens to the disk, the upstream and the node itself.</summary>
public sealed class HandlerFaultTests
{
    private const int Workers = 4;
    private const int Handlers = 40;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Fault.PortClosed)]
    [InlineData(Fault.Hang)]
    [InlineData(Fault.Error500)]
    [InlineData(Fault.WrongBytes)]
    public async Task Service_goes_on_through_kills_with_a_full_disk_and_a_dead_upstream(Fault fault)
    {
        RequireEngine();
        using var directory = new TemporaryDirectory();
        await using var disk = await SmallDisk.MountAsync(directory["data"], "3m");
        await using var upstream = new FaultyServer(fault);
        string[] options = ["--upstream", upstream.Url, "--handlers-min-instances", "2", "--disk", "2MiB", "--log", "none"];

        for (var round = 0; round < 3; round++)
        {
            await using var node = await NodeProcess.StartAsync(directory["data"], options);
            var answered = await LoadAsync(node, seed: round, calls: 60);
            Assert.Equal(Workers * 60, answered);
            disk.Fill();
            Assert.Equal(Workers * 60, await LoadAsync(node, seed: round, calls: 60));

            // Killed in the middle: what was under way is lost, and nothing that was answered was wrong.
            var load = LoadAsync(node, seed: round, calls: 100_000, mayBreakOff: true);
            await Task.Delay(300, Token);
            await node.KillAsync();
            Assert.True(await load > 0, "Nothing was answered before the node was killed.");
            if (round == 1)
            {
                File.Delete(Path.Combine(disk.Path, "filler"));
            }
        }

        await using var last = await NodeProcess.StartAsync(directory["data"], options);
        Assert.Equal(Workers * 60, await LoadAsync(last, seed: 7, calls: 60));
        using var statistics = JsonDocument.Parse(await last.Client.GetByteArrayAsync(new Uri("v1/handlers/stats", UriKind.Relative), Token));
        Assert.Equal(
            statistics.RootElement.GetProperty("totalExecutions").GetInt64(),
            statistics.RootElement.GetProperty("successfulExecutions").GetInt64() + statistics.RootElement.GetProperty("failedExecutions").GetInt64());
        Assert.True(statistics.RootElement.GetProperty("totalExecutions").GetInt64() >= Workers * 60);
        Assert.Equal(0, await last.StopAsync());
    }

    // Calls handlers from several sides and checks every answer; returns how many there were.
    private static async Task<int> LoadAsync(NodeProcess node, int seed, int calls, bool mayBreakOff = false)
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random((seed * Workers) + worker);
            for (var call = 0; call < calls; call++)
            {
                try
                {
                    await CallAsync(node, random.Next(Handlers), random.Next(1000));
                }
                catch (HttpRequestException) when (mayBreakOff)
                {
                    return call;
                }
            }

            return calls;
        })));
        return counts.Sum();
    }

    // Every fifth handler fails, and says so.
    private static async Task CallAsync(NodeProcess node, int handler, int argument)
    {
        var fails = handler % 5 == 0;
        var source = fails ? $"throw new Error('{handler}')" : $"$state.seen = {handler}; return $args.n * 2 + {handler};";
        using var body = new StringContent(
            $$$"""{"source":{{{JsonSerializer.Serialize(source)}}},"context":{"args":{"n": {{{argument}}} },"capabilities":["state:write:seen"]} }""",
            Encoding.UTF8,
            "application/json");
        using var answer = await node.Client.PostAsync(new Uri("v1/handlers/run", UriKind.Relative), body, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        using var result = JsonDocument.Parse(text);
        if (fails)
        {
            Assert.Equal("EXECUTION_ERROR", result.RootElement.GetProperty("error").GetProperty("code").GetString());
        }
        else
        {
            Assert.Equal((argument * 2) + handler, result.RootElement.GetProperty("returnValue").GetInt32());
            Assert.Equal(handler, result.RootElement.GetProperty("stateMutations")[0].GetProperty("value").GetInt32());
        }
    }

    private static void RequireEngine()
    {
        try
        {
            EngineModule.Find();
        }
        catch (HandlersException exception) when (exception.Kind == HandlersErrorKind.EngineUnavailable)
        {
            Assert.False(Tools.MustRun, exception.Message);
            Assert.Skip(exception.Message);
        }
    }
}
