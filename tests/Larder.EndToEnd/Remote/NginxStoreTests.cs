using System.Diagnostics;
using Larder.Cache.Artifacts;
using Larder.Cache.Remote;
using Larder.Tests.Remote;

namespace Larder.EndToEnd.Remote;

/// <summary>The contract of remote stores, and the tier's promises, over a real nginx.</summary>
public sealed class NginxStoreTests : RemoteStoreContract, IAsyncLifetime
{
    private NginxServer? _nginx;

    private NginxServer Nginx => _nginx!; // InitializeAsync has run.

    public async ValueTask InitializeAsync() => _nginx = await NginxServer.StartAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_nginx is not null)
        {
            await _nginx.DisposeAsync();
        }
    }

    protected override IRemoteStore Open() => new HttpRemoteStore(
        new HttpRemoteStoreOptions { Address = Nginx.Address, Flavour = HttpRemoteFlavour.Plain });

    private string FileOf(ArtifactKey key)
    {
        var name = key.Fingerprint.ToString();
        return Path.Combine(Nginx.Files, key.Kind.Name, name[..2], name);
    }

    [Fact]
    public async Task Wrong_bytes_on_the_server_are_a_miss_until_a_put_repairs_them()
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(50_000);
        await PutAsync(key, payload);
        var stored = await File.ReadAllBytesAsync(FileOf(key), Token);
        stored[^1] ^= 1;
        await File.WriteAllBytesAsync(FileOf(key), stored, Token);
        await using var tier = new RemoteTier(new RemoteTierOptions { Store = Open() });

        Assert.Equal(LookupOutcome.Miss, await FetchAsync(tier, key));
        Assert.Equal(1, tier.GetStatus().Damaged);

        var content = new LeasedContent(payload);
        Assert.True(tier.TryEnqueue(key, content.Lease()));
        await tier.FlushAsync(Token);
        Assert.Equal(LookupOutcome.Hit, await FetchAsync(tier, key));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(5_000)]
    public async Task A_file_that_was_cut_on_the_server_is_a_miss(int length)
    {
        var key = NewKey();
        await PutAsync(key, TestArtifacts.Payload(50_000));
        await using (var file = File.OpenWrite(FileOf(key)))
        {
            file.SetLength(length);
        }

        await using var tier = new RemoteTier(new RemoteTierOptions { Store = Open() });

        Assert.NotEqual(LookupOutcome.Hit, await FetchAsync(tier, key));
    }

    [Fact]
    public async Task A_server_killed_in_mid_put_shows_no_half_artifact_and_the_upload_is_made_again()
    {
        var key = NewKey();
        var content = new LeasedContent(TestArtifacts.Payload(48 * 1024 * 1024));
        await using var tier = new RemoteTier(new RemoteTierOptions
        {
            Store = Open(), WriteAttempts = 20, RetryDelay = TimeSpan.FromMilliseconds(50), MaxRetryDelay = TimeSpan.FromMilliseconds(200),
            CircuitOpenTime = TimeSpan.FromMilliseconds(50), MaxCircuitOpenTime = TimeSpan.FromMilliseconds(100),
        });
        Assert.True(tier.TryEnqueue(key, content.Lease()));
        await Task.Delay(40, Token);

        await Nginx.KillAsync();
        Assert.NotEqual(LookupOutcome.Hit, await FetchAsync(tier, key));
        await Nginx.RunAsync();

        var report = await tier.FlushAsync(Token);
        Assert.Equal((0, 1, 0), (report.Pending, report.Durable, report.Failed));
        Assert.Equal(LookupOutcome.Hit, await FetchAsync(tier, key));
    }

    [Fact]
    public async Task A_server_that_stands_still_costs_a_bounded_time_once_and_is_found_well_again()
    {
        var key = NewKey();
        await PutAsync(key, TestArtifacts.Payload(1_000));
        await using var tier = new RemoteTier(new RemoteTierOptions
        {
            Store = Open(), LookupTimeout = TimeSpan.FromSeconds(2),
            CircuitOpenTime = TimeSpan.FromSeconds(5), MaxCircuitOpenTime = TimeSpan.FromSeconds(5),
        });
        Nginx.Pause();
        var watch = Stopwatch.StartNew();

        Assert.Equal(LookupOutcome.Throttled, await FetchAsync(tier, key));
        Assert.InRange(watch.ElapsedMilliseconds, 1_900, 20_000);
        watch.Restart();
        Assert.Equal(LookupOutcome.Throttled, await FetchAsync(tier, key));
        Assert.InRange(watch.ElapsedMilliseconds, 0, 1_500);

        Nginx.Resume();
        watch.Restart();
        var outcome = LookupOutcome.Throttled;
        while (outcome == LookupOutcome.Throttled && watch.Elapsed < TimeSpan.FromSeconds(60))
        {
            await Task.Delay(100, Token);
            outcome = await FetchAsync(tier, key);
        }

        Assert.Equal(LookupOutcome.Hit, outcome);
    }

    private static async Task<LookupOutcome> FetchAsync(RemoteTier tier, ArtifactKey key)
    {
        await using var writer = new MemoryWriter(key);
        using var lease = await tier.FetchAsync(key, writer, Token);
        return lease.Outcome;
    }
}
