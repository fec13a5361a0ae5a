using System.Diagnostics;
using System.Globalization;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Redis;
using Larder.Cache.Remote;
using Larder.Tests.Remote;

namespace Larder.EndToEnd.Remote;

/// <summary>What holds on a single server, which is killed, stopped and started again.</summary>
public abstract class RedisServerContract(EngineFixture engines) : RedisStoreContract
{
    private EngineProcess? _engine;

    protected override RedisRemoteStoreOptions Options => new() { Address = Engine.Address, ReplyTimeout = TimeSpan.FromSeconds(20) };

    private protected EngineProcess Engine => _engine!; // InitializeAsync has run.

    public override async ValueTask InitializeAsync() =>
        _engine = (await engines.PrepareAsync(async () => [await StartAsync()]))[0];

    private protected abstract Task<EngineProcess> StartAsync();

    private protected override async Task<int> CountKeysAsync() =>
        int.Parse(await Engine.AskAsync("DBSIZE"), CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_server_killed_and_started_again_costs_no_more_than_attempts()
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(2_000_000);
        await PutAsync(key, payload);
        await using var tier = new RemoteTier(new RemoteTierOptions { Store = Open(), CircuitOpenTime = TimeSpan.FromMilliseconds(50) });
        Assert.Equal(LookupOutcome.Hit, await FetchAsync(tier, key));

        await Engine.KillAsync();
        Assert.Equal(LookupOutcome.Throttled, await FetchAsync(tier, key));
        await Engine.RunAsync();

        var watch = Stopwatch.StartNew();
        LookupOutcome outcome;
        while ((outcome = await FetchAsync(tier, key)) == LookupOutcome.Throttled && watch.Elapsed < TimeSpan.FromSeconds(30))
        {
            await Task.Delay(50, Token);
        }

        // Nothing was kept on disk, so that the answer is that it is not there.
        Assert.Equal(LookupOutcome.Miss, outcome);
        Assert.True(tier.TryEnqueue(key, new LeasedContent(payload).Lease()));
        await tier.FlushAsync(Token);
        Assert.Equal(LookupOutcome.Hit, await FetchAsync(tier, key));
    }

    [Fact]
    public async Task A_server_that_stands_still_costs_a_bounded_time_once_and_is_found_well_again()
    {
        var key = NewKey();
        await PutAsync(key, TestArtifacts.Payload(1_000));
        await using var store = new RedisRemoteStore(Options with { ReplyTimeout = TimeSpan.FromMilliseconds(500) });
        Assert.True(await store.ContainsAsync(key, Token));

        await Engine.PauseAsync();
        var watch = Stopwatch.StartNew();
        var failures = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Record.ExceptionAsync(() => store.ContainsAsync(key, Token).AsTask()).AsTask()));
        Assert.All(failures, static failure => Assert.IsType<TimeoutException>(Assert.IsType<CacheException>(failure).InnerException));
        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(8));

        await Engine.ResumeAsync();
        Assert.True(await store.ContainsAsync(key, Token));
    }
}
