using System.Net;
using System.Text.Json;
using Larder.Cache.Artifacts;
using Larder.Node.Dashboard;
using static Larder.Tests.Node.DashboardFigures;

namespace Larder.Tests.Node;

public sealed class DashboardLiveTests
{
    private static readonly Uri LivePath = new("/v1/live", UriKind.Relative);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_sample_reaches_a_client_that_listens()
    {
        await using var host = await DashboardHost.StartAsync();
        using var live = await Listener.OpenAsync(host);
        Assert.Equal(0, (await live.SampleAsync()).GetProperty("sequence").GetInt64());

        for (var second = 1; second <= 3; second++)
        {
            host.Figures.Tiers = [Tier(TierKind.Memory, Kind("cc", hits: second * 5, misses: 0))];
            host.Clock.Advance(TimeSpan.FromSeconds(1));
            host.History.Sample();

            var sample = await live.SampleAsync();
            Assert.Equal(second, sample.GetProperty("sequence").GetInt64());
            Assert.Equal(second * 5, sample.GetProperty("totals").GetProperty("hits").GetInt64());
            Assert.Contains(
                sample.GetProperty("rows").EnumerateArray(),
                row => row.GetProperty("kind").GetString() == "cc" && row.GetProperty("hits").GetInt64() == 5);
        }
    }

    [Fact]
    public async Task A_client_too_many_is_told_to_poll_and_a_place_becomes_free()
    {
        await using var host = await DashboardHost.StartAsync(maxLiveClients: 1);
        using (var live = await Listener.OpenAsync(host))
        {
            await live.SampleAsync();

            using var refused = await host.Client.GetAsync(LivePath, HttpCompletionOption.ResponseHeadersRead, Token);

            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        await Poll.UntilAsync(async () =>
        {
            using var again = await host.Client.GetAsync(LivePath, HttpCompletionOption.ResponseHeadersRead, Token);
            return again.StatusCode == HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task Silence_is_broken_by_a_heartbeat()
    {
        await using var host = await DashboardHost.StartAsync();
        using var live = await Listener.OpenAsync(host);
        await live.SampleAsync();

        var line = live.RawLineAsync(": ");
        await Poll.UntilAsync(() =>
        {
            host.Clock.Advance(LiveFeed.Heartbeat);
            return Task.FromResult(line.IsCompleted);
        });

        Assert.StartsWith(":", await line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draining_node_says_so_and_ends_the_stream()
    {
        await using var host = await DashboardHost.StartAsync();
        using var live = await Listener.OpenAsync(host);
        await live.SampleAsync();

        await host.DrainAsync();

        Assert.Equal("event: drain", await live.RawLineAsync("event: drain"));
        Assert.Null(await live.RawLineAsync("event: sample"));
        using var late = await host.Client.GetAsync(LivePath, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, late.StatusCode);
    }

    [Fact]
    public async Task A_slow_client_skips_samples_instead_of_queueing_them()
    {
        await using var host = await DashboardHost.StartAsync();
        using var live = await Listener.OpenAsync(host);
        await live.SampleAsync();

        for (var second = 0; second < 200; second++)
        {
            host.Clock.Advance(TimeSpan.FromSeconds(1));
            host.History.Sample();
        }

        var sequences = new List<long>();
        do
        {
            sequences.Add((await live.SampleAsync()).GetProperty("sequence").GetInt64());
        }
        while (sequences[^1] < 200);
        Assert.Equal(sequences.Order().Distinct(), sequences);
    }

    private sealed class Listener : IDisposable
    {
        private readonly HttpResponseMessage _response;
        private readonly StreamReader _reader;

        private Listener(HttpResponseMessage response, Stream stream)
        {
            _response = response;
            _reader = new StreamReader(stream);
        }

        public static async Task<Listener> OpenAsync(DashboardHost host)
        {
            var response = await host.Client.GetAsync(LivePath, HttpCompletionOption.ResponseHeadersRead, Token);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
            return new Listener(response, await response.Content.ReadAsStreamAsync(Token));
        }

        /// <summary>The next line that begins so; null at the end of the stream.</summary>
        public async Task<string?> RawLineAsync(string prefix)
        {
            while (await _reader.ReadLineAsync(Token) is { } line)
            {
                if (line.StartsWith(prefix, StringComparison.Ordinal))
                {
                    return line;
                }
            }

            return null;
        }

        public async Task<JsonElement> SampleAsync()
        {
            Assert.NotNull(await RawLineAsync("event: sample"));
            var data = await RawLineAsync("data: ");
            return JsonDocument.Parse(data!["data: ".Length..]).RootElement.Clone();
        }

        public void Dispose()
        {
            _reader.Dispose();
            _response.Dispose();
        }
    }

    private static class Poll
    {
        public static async Task UntilAsync(Func<Task<bool>> holds)
        {
            for (var attempt = 0; attempt < 200; attempt++)
            {
                if (await holds())
                {
                    return;
                }

                await Task.Delay(25, Token);
            }

            Assert.Fail("It did not come true within five seconds.");
        }
    }
}
