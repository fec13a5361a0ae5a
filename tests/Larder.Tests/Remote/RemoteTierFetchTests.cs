using System.Diagnostics;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Remote;
using Larder.Tests.Support;

namespace Larder.Tests.Remote;

/// <summary>Lookups through the tier, over a server that misbehaves in every way there is.</summary>
public sealed class RemoteTierFetchTests : IAsyncDisposable
{
    private static readonly ArtifactKey Key = TestArtifacts.KeyOf("a");

    private static readonly byte[] Payload = TestArtifacts.Payload(200_000);

    private readonly List<IAsyncDisposable> _open = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Headers => $"Larder-Digest: {TestArtifacts.Describe(Payload).Digest}\r\n";

    public async ValueTask DisposeAsync()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            await _open[i].DisposeAsync();
        }
    }

    private RawServer Serve(Func<RawExchange, Task> handle) => Own(new RawServer(handle));

    private RemoteTier Over(Uri address, Func<RemoteTierOptions, RemoteTierOptions>? change = null, TimeProvider? time = null)
    {
        var options = new RemoteTierOptions
        {
            Http = new HttpRemoteStoreOptions { Address = address, IdleTimeout = TimeSpan.FromSeconds(20), FirstByteTimeout = TimeSpan.FromSeconds(20) },
            LookupTimeout = TimeSpan.FromSeconds(20),
        };
        return Own(new RemoteTier(change is null ? options : change(options), time));
    }

    /// <summary>Over a server that will not answer, so that waiting for it is short.</summary>
    private RemoteTier ImpatientlyOver(Uri address, Func<RemoteTierOptions, RemoteTierOptions>? change = null) => Over(address, o =>
    {
        o = o with
        {
            LookupTimeout = TimeSpan.FromMilliseconds(400),
            Http = o.Http! with { IdleTimeout = TimeSpan.FromMilliseconds(250) },
        };
        return change is null ? o : change(o);
    });

    private T Own<T>(T disposable)
        where T : IAsyncDisposable
    {
        _open.Add(disposable);
        return disposable;
    }

    private static async Task<(ArtifactLease Lease, MemoryWriter Writer)> FetchAsync(RemoteTier tier, MemoryWriter? writer = null)
    {
        writer ??= new MemoryWriter(Key);
        await using (writer)
        {
            return (await tier.FetchAsync(Key, writer, Token), writer);
        }
    }

    private static void AssertCounted(RemoteTier tier, long hits = 0, long misses = 0, long throttled = 0)
    {
        var kind = Assert.Single(tier.GetStatistics().Kinds);
        Assert.Equal((hits, misses, throttled), (kind.Hits, kind.Misses, kind.Throttled));
        Assert.Equal(kind.Lookups, kind.Hits + kind.Misses + kind.Throttled);
    }

    [Fact]
    public async Task A_hit_is_committed_leased_and_counted_and_its_lease_gives_the_bytes_back()
    {
        var server = Serve(exchange => exchange.AnswerAsync(200, Headers, Payload));
        var tier = Over(server.Address);

        var (lease, writer) = await FetchAsync(tier);

        Assert.Equal(LookupOutcome.Hit, lease.Outcome);
        Assert.Equal(TierKind.Remote, lease.Source);
        AssertCounted(tier, hits: 1);
        Assert.Equal(Payload.Length, tier.GetStatistics().Kinds[0].HitBytes);
        lease.Dispose();
        writer.Committed!.Release();
        Assert.True(writer.Committed.IsFreed);
    }

    [Fact]
    public async Task What_the_store_does_not_have_is_a_miss_and_no_error()
    {
        var tier = Over(Serve(exchange => exchange.AnswerAsync(404)).Address);

        Assert.Equal(LookupOutcome.Miss, (await FetchAsync(tier)).Lease.Outcome);

        AssertCounted(tier, misses: 1);
        Assert.Equal(0, tier.GetStatistics().Errors);
    }

    [Fact]
    public async Task Wrong_bytes_are_a_miss_and_counted_as_damaged()
    {
        var wrong = Payload.ToArray();
        wrong[^1] ^= 1;
        var tier = Over(Serve(exchange => exchange.AnswerAsync(200, Headers, wrong)).Address);

        var (lease, writer) = await FetchAsync(tier);

        Assert.Equal(LookupOutcome.Miss, lease.Outcome);
        Assert.Null(writer.Committed);
        AssertCounted(tier, misses: 1);
        Assert.Equal(1, tier.GetStatus().Damaged);
        Assert.Equal(1, tier.GetStatistics().Errors);
    }

    [Fact]
    public async Task Every_flipped_bit_of_a_framed_artifact_is_a_miss_or_hits_nothing_that_is_used()
    {
        await using var server = await WebStore.StartAsync();
        var payload = TestArtifacts.Payload(40);
        var content = new LeasedContent(payload);
        await using var tier = new RemoteTier(new RemoteTierOptions
        {
            Http = new HttpRemoteStoreOptions { Address = server.Address, Flavour = HttpRemoteFlavour.Plain },
            CircuitThreshold = int.MaxValue,
            ReadAttempts = 1,
        });
        Assert.True(tier.TryEnqueue(Key, content.Lease()));
        await tier.FlushAsync(Token);
        var length = Assert.Single(server.Entries).Value.Body.Length;

        for (var i = 0; i < length; i++)
        {
            var (at, bit) = (i, 1 << (i % 8));
            server.Damage = body =>
            {
                body[at] ^= (byte)bit;
                return body;
            };
            await using var writer = new MemoryWriter(Key);
            using var lease = await tier.FetchAsync(Key, writer, Token);
            Assert.False(lease.IsHit, $"byte {i}");
            Assert.Null(writer.Committed);
        }

        server.Damage = null;
        await using var last = new MemoryWriter(Key);
        using var good = await tier.FetchAsync(Key, last, Token);
        Assert.True(good.IsHit);
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_continued_where_it_stopped()
    {
        var ranges = new List<string?>();
        var server = Serve(async exchange =>
        {
            ranges.Add(exchange.Header("Range"));
            exchange.Closes = true;
            if (ranges.Count == 1)
            {
                await exchange.AnswerAsync(200, Headers, Payload.AsMemory(0, 70_000), Payload.Length);
                return;
            }

            await exchange.AnswerAsync(
                206, Headers + $"Content-Range: bytes 70000-199999/200000\r\n", Payload.AsMemory(70_000));
        });
        var tier = Over(server.Address);

        var (lease, _) = await FetchAsync(tier);

        using (lease)
        {
            Assert.True(lease.IsHit);
        }

        Assert.Equal([null, "bytes=70000-199999"], ranges);
        Assert.Equal(1, tier.GetStatus().Retries);
        AssertCounted(tier, hits: 1);
    }

    [Fact]
    public async Task A_body_that_was_replaced_between_two_attempts_is_never_glued_together()
    {
        var other = TestArtifacts.Payload(Payload.Length, seed: 2);
        var requests = 0;
        var server = Serve(async exchange =>
        {
            exchange.Closes = true;
            await (requests++ == 0
                ? exchange.AnswerAsync(200, Headers, Payload.AsMemory(0, 70_000), Payload.Length)
                : exchange.AnswerAsync(
                    206,
                    $"Larder-Digest: {TestArtifacts.Describe(other).Digest}\r\nContent-Range: bytes 70000-199999/200000\r\n",
                    other.AsMemory(70_000)));
        });
        var tier = Over(server.Address);

        Assert.Equal(LookupOutcome.Miss, (await FetchAsync(tier)).Lease.Outcome);

        Assert.Equal(1, tier.GetStatus().Damaged);
    }

    [Theory]
    [InlineData("refuses")]
    [InlineData("hangs before headers")]
    [InlineData("hangs in mid-body")]
    [InlineData("drips")]
    [InlineData("500")]
    [InlineData("503")]
    [InlineData("403")]
    [InlineData("redirect")]
    [InlineData("truncated")]
    [InlineData("reset")]
    [InlineData("garbage")]
    public async Task Trouble_is_throttled_within_a_bounded_time_and_then_passed_over(string trouble)
    {
        var server = Serve(exchange => MisbehaveAsync(exchange, trouble));
        var address = trouble == "refuses" ? RawServer.DeadAddress() : server.Address;
        var tier = ImpatientlyOver(address, o => o with { MinBytesPerSecond = 1_000_000, CircuitThreshold = 3, CircuitOpenTime = TimeSpan.FromMinutes(1), MaxCircuitOpenTime = TimeSpan.FromMinutes(1) });
        var watch = Stopwatch.StartNew();

        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 3; i++)
        {
            var before = watch.Elapsed;
            Assert.Equal(LookupOutcome.Throttled, (await FetchAsync(tier)).Lease.Outcome);
            slowest = watch.Elapsed - before > slowest ? watch.Elapsed - before : slowest;
        }

        Assert.InRange(slowest.TotalSeconds, 0, 10);
        Assert.Equal(CircuitState.Open, tier.GetStatus().Circuit);
        var requests = server.Requests;
        watch.Restart();
        for (var i = 0; i < 1_000; i++)
        {
            Assert.Equal(LookupOutcome.Throttled, (await FetchAsync(tier)).Lease.Outcome);
        }

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 30);
        Assert.Equal(requests, server.Requests);
        AssertCounted(tier, throttled: 1_003);
        Assert.NotNull(tier.GetStatus().LastError);
        Assert.InRange(tier.GetStatistics().Errors, 1, 9);
    }

    private static async Task MisbehaveAsync(RawExchange exchange, string trouble)
    {
        switch (trouble)
        {
            case "hangs before headers":
                await exchange.HangAsync();
                break;
            case "hangs in mid-body":
                await exchange.AnswerAsync(200, Headers, Payload.AsMemory(0, 100), Payload.Length);
                await exchange.HangAsync();
                break;
            case "drips":
                await exchange.AnswerAsync(200, Headers, default, Payload.Length);
                for (var i = 0; i < Payload.Length; i++)
                {
                    await exchange.SendAsync(Payload.AsMemory(i, 1));
                    await Task.Delay(20, exchange.Closing);
                }

                break;
            case "500" or "503" or "403":
                await exchange.AnswerAsync(int.Parse(trouble, System.Globalization.CultureInfo.InvariantCulture), "Retry-After: 30\r\n");
                break;
            case "redirect":
                await exchange.AnswerAsync(302, "Location: http://127.0.0.1:1/\r\n");
                break;
            case "truncated":
                await exchange.AnswerAsync(200, Headers, Payload.AsMemory(0, 0), Payload.Length);
                exchange.Closes = true;
                break;
            case "reset":
                exchange.Reset();
                break;
            default:
                await exchange.SendAsync("I am not a web server\r\n\r\n");
                exchange.Closes = true;
                break;
        }
    }

    [Fact]
    public async Task Many_callers_of_a_dead_store_wait_side_by_side_and_only_once()
    {
        var server = Serve(exchange => exchange.HangAsync());
        var tier = ImpatientlyOver(server.Address, o => o with { MaxReads = 4 });
        var watch = Stopwatch.StartNew();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ => (await FetchAsync(tier)).Lease.Outcome));

        Assert.All(outcomes, outcome => Assert.Equal(LookupOutcome.Throttled, outcome));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.3, 20);
        Assert.InRange(server.Requests, 1, 4);
        AssertCounted(tier, throttled: 200);
    }

    [Fact]
    public async Task A_store_that_recovers_is_found_by_one_probe()
    {
        var time = new ManualTimeProvider();
        var well = false;
        var server = Serve(exchange => well ? exchange.AnswerAsync(200, Headers, Payload) : exchange.AnswerAsync(500));
        var tier = Over(server.Address, o => o with { ReadAttempts = 1, CircuitThreshold = 2 }, time);
        await FetchAsync(tier);
        await FetchAsync(tier);
        Assert.Equal(CircuitState.Open, tier.GetStatus().Circuit);
        well = true;
        Assert.Equal(LookupOutcome.Throttled, (await FetchAsync(tier)).Lease.Outcome);
        Assert.Equal(2, server.Requests);

        time.Advance(TimeSpan.FromSeconds(2));
        var (lease, _) = await FetchAsync(tier);

        Assert.True(lease.IsHit);
        Assert.Equal(CircuitState.Closed, tier.GetStatus().Circuit);
        lease.Dispose();
    }

    [Fact]
    public async Task A_failure_that_passes_is_not_seen()
    {
        var requests = 0;
        var server = Serve(exchange => requests++ < 2 ? exchange.AnswerAsync(502) : exchange.AnswerAsync(200, Headers, Payload));
        var tier = Over(server.Address);

        var (lease, _) = await FetchAsync(tier);

        Assert.True(lease.IsHit);
        Assert.Equal((2, 2), (tier.GetStatistics().Errors, tier.GetStatus().Retries));
        lease.Dispose();
    }

    [Fact]
    public async Task An_artifact_over_the_limit_is_a_miss_whose_body_is_not_read()
    {
        var server = Serve(async exchange =>
        {
            await exchange.AnswerAsync(200, Headers, default, 1L << 40);
            await exchange.HangAsync();
        });
        var tier = Over(server.Address, o => o with { MaxEntryBytes = 1_000, Http = o.Http! with { MaxPayloadBytes = long.MaxValue } });

        Assert.Equal(LookupOutcome.Miss, (await FetchAsync(tier)).Lease.Outcome);

        Assert.Equal(0, tier.GetStatus().ReceivedBytes);
    }

    [Fact]
    public async Task A_writer_that_takes_no_more_makes_a_miss_and_blames_nobody()
    {
        var tier = Over(Serve(exchange => exchange.AnswerAsync(200, Headers, Payload)).Address);

        var (lease, _) = await FetchAsync(tier, new MemoryWriter(Key) { RefuseAt = (100_000, PutOutcome.NoSpace) });

        Assert.Equal(LookupOutcome.Miss, lease.Outcome);
        Assert.Equal(0, tier.GetStatistics().Errors);
        Assert.Equal(CircuitState.Closed, tier.GetStatus().Circuit);
    }

    [Fact]
    public async Task Giving_up_is_the_only_exception_counts_nothing_and_frees_the_place()
    {
        var server = Serve(exchange => exchange.HangAsync());
        var tier = Over(server.Address, o => o with { MaxReads = 1, LookupTimeout = TimeSpan.FromSeconds(30), Http = o.Http! with { FirstByteTimeout = TimeSpan.FromSeconds(30) } });

        for (var i = 0; i < 3; i++)
        {
            using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
            await using var writer = new MemoryWriter(Key);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await tier.FetchAsync(Key, writer, giveUp.Token));
        }

        Assert.Equal(3, server.Requests);
        Assert.Equal(0, tier.GetStatistics().Errors);
        Assert.Empty(tier.GetStatistics().Kinds);
        Assert.Equal(CircuitState.Closed, tier.GetStatus().Circuit);
    }

    [Fact]
    public async Task Presence_is_asked_each_time_and_unknown_when_the_store_fails()
    {
        var status = 200;
        var server = Serve(exchange => exchange.AnswerAsync(status));
        var tier = Over(server.Address);

        Assert.True(await tier.ContainsAsync(Key, Token));
        status = 404;
        Assert.False(await tier.ContainsAsync(Key, Token));
        status = 500;
        Assert.False(await tier.ContainsAsync(Key, Token));

        Assert.Equal(3, server.Requests);
        Assert.Equal(1, tier.GetStatistics().Errors);
    }

    [Fact]
    public async Task Closing_ends_lookups_in_flight_and_refuses_new_ones()
    {
        var server = Serve(exchange => exchange.HangAsync());
        var tier = Over(server.Address, o => o with { LookupTimeout = TimeSpan.FromSeconds(30) });
        var inFlight = FetchAsync(tier);
        while (server.Requests == 0)
        {
            await Task.Delay(5, Token);
        }

        await tier.DisposeAsync();

        Assert.Equal(LookupOutcome.Throttled, (await inFlight).Lease.Outcome);
        Assert.Equal(LookupOutcome.Throttled, (await FetchAsync(tier)).Lease.Outcome);
        Assert.False(await tier.ContainsAsync(Key, Token));
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        var good = new RemoteTierOptions { Http = new HttpRemoteStoreOptions { Address = new Uri("http://host/") } };

        var failure = Assert.Throws<CacheException>(() => new RemoteTier(good with { MaxReads = 0 }));
        Assert.Contains("MaxReads", failure.Message, StringComparison.Ordinal);
        Assert.Throws<CacheException>(() => new RemoteTier(new RemoteTierOptions()));
        Assert.Throws<CacheException>(() => new RemoteTier(good with { CircuitOpenTime = TimeSpan.FromHours(1) }));
    }
}
