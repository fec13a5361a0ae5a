using System.Collections.Concurrent;
using Larder.Cache;
using Larder.Cache.Diagnostics;
using Larder.Cache.Remote;

namespace Larder.Tests.Remote;

public sealed class RemoteTierWriteBehindTests : IAsyncDisposable
{
    private readonly ConcurrentBag<LeasedContent> _contents = [];
    private readonly List<IAsyncDisposable> _open = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            await _open[i].DisposeAsync();
        }

        // Whatever happened, no lease has leaked: with the tier's own reference gone, every content is free.
        foreach (var content in _contents)
        {
            content.Release();
            Assert.True(content.IsFreed);
        }
    }

    private RawServer Serve(Func<RawExchange, Task> handle) => Own(new RawServer(handle));

    private RemoteTier Over(Uri address, Func<RemoteTierOptions, RemoteTierOptions>? change = null)
    {
        var options = new RemoteTierOptions
        {
            Http = new HttpRemoteStoreOptions { Address = address, FirstByteTimeout = TimeSpan.FromSeconds(20), IdleTimeout = TimeSpan.FromSeconds(20) },
            LookupTimeout = TimeSpan.FromSeconds(20),
            RetryDelay = TimeSpan.FromMilliseconds(5),
            CircuitOpenTime = TimeSpan.FromMilliseconds(20),
            MaxCircuitOpenTime = TimeSpan.FromMilliseconds(50),
        };
        return Own(new RemoteTier(change is null ? options : change(options)));
    }

    private T Own<T>(T disposable)
        where T : IAsyncDisposable
    {
        _open.Add(disposable);
        return disposable;
    }

    private bool Enqueue(RemoteTier tier, string name, int length = 1_000, (long, Exception)? fault = null)
    {
        var payload = TestArtifacts.Payload(length);
        var content = new LeasedContent(payload) { Fault = fault };
        _contents.Add(content);
        var lease = content.Lease();
        var taken = tier.TryEnqueue(TestArtifacts.KeyOf(name), lease);
        if (!taken)
        {
            lease.Dispose();
        }

        return taken;
    }

    private static void AssertBalanced(RemoteTier tier)
    {
        var statistics = tier.GetStatistics();
        foreach (var kind in statistics.Kinds)
        {
            Assert.Equal(kind.Puts + kind.Recovered, kind.Entries + kind.Evicted + kind.Removed + kind.Replaced + kind.Refused);
        }

        Assert.Equal(tier.GetStatus().QueuedBytes, statistics.ReservedBytes);
    }

    private static async Task TakeAsync(RawExchange exchange, int status = 201)
    {
        await exchange.ReadBodyAsync();
        await exchange.AnswerAsync(status);
    }

    [Fact]
    public async Task What_is_queued_is_sent_and_confirmed()
    {
        await using var server = await WebStore.StartAsync();
        await using (var tier = Over(server.Address))
        {
            for (var i = 0; i < 100; i++)
            {
                Assert.True(Enqueue(tier, $"{i}"));
            }

            var report = await tier.FlushAsync(Token);

            Assert.Equal(new DurabilityReport(0, 100, 0), report);
            Assert.Equal((0, 0, 100_000), (tier.GetStatus().QueuedEntries, tier.GetStatus().QueuedBytes, tier.GetStatus().SentBytes));
            AssertBalanced(tier);
        }

        Assert.Equal(100, server.Entries.Count);
    }

    [Fact]
    public async Task The_queue_is_bounded_in_entries_and_what_does_not_fit_stays_the_callers()
    {
        var server = Serve(exchange => exchange.StopReadingAsync());
        var tier = Over(server.Address, o => o with { QueueEntries = 5, Writers = 2 });

        var taken = Enumerable.Range(0, 20).Count(i => Enqueue(tier, $"{i}"));

        Assert.Equal(5, taken);
        Assert.Equal((5, 15), (tier.GetStatus().QueuedEntries, tier.GetStatus().Dropped));
        AssertBalanced(tier);
    }

    [Fact]
    public void The_queue_is_bounded_in_bytes()
    {
        var server = Serve(exchange => exchange.StopReadingAsync());
        var tier = Over(server.Address, o => o with { QueueBytes = 10_000 });

        Assert.True(Enqueue(tier, "a", 6_000));
        Assert.False(Enqueue(tier, "b", 6_000));
        Assert.True(Enqueue(tier, "c", 4_000));
        Assert.False(Enqueue(tier, "d", 1));

        Assert.Equal((2, 10_000), (tier.GetStatus().QueuedEntries, tier.GetStatus().QueuedBytes));
        AssertBalanced(tier);
    }

    [Fact]
    public void The_same_key_is_queued_once()
    {
        var server = Serve(exchange => exchange.StopReadingAsync());
        var tier = Over(server.Address);

        Assert.True(Enqueue(tier, "a"));
        Assert.True(Enqueue(tier, "a"));

        Assert.Equal((1, 1_000), (tier.GetStatus().QueuedEntries, tier.GetStatus().QueuedBytes));
    }

    [Fact]
    public async Task Newer_bytes_of_a_key_take_the_place_of_those_that_wait_and_never_overtake_those_in_flight()
    {
        var gate = new TaskCompletionSource();
        var bodies = new ConcurrentQueue<int>();
        var server = Serve(async exchange =>
        {
            bodies.Enqueue((await exchange.ReadBodyAsync()).Length);
            await gate.Task;
            await exchange.AnswerAsync(201);
        });
        var tier = Over(server.Address, o => o with { Writers = 1 });
        Enqueue(tier, "in flight", 100);
        while (bodies.IsEmpty)
        {
            await Task.Delay(5, Token);
        }

        Assert.True(Enqueue(tier, "waits", 200));
        Assert.True(Enqueue(tier, "waits", 300));
        Assert.False(Enqueue(tier, "in flight", 400));
        gate.SetResult();
        await tier.FlushAsync(Token);

        Assert.Equal([100, 300], bodies);
        Assert.Equal((2, 1, 1), (tier.GetStatus().Uploaded, tier.GetStatus().GivenUp, tier.GetStatus().Dropped));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task Passing_trouble_is_tried_again()
    {
        var requests = 0;
        var server = Serve(exchange => TakeAsync(exchange, Interlocked.Increment(ref requests) <= 3 ? 503 : 201));
        var tier = Over(server.Address);

        Assert.True(Enqueue(tier, "a"));

        Assert.Equal(new DurabilityReport(0, 1, 0), await tier.FlushAsync(Token));
        Assert.Equal(3, tier.GetStatus().Retries);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task Lasting_trouble_is_given_up_after_the_last_attempt()
    {
        var server = Serve(exchange => TakeAsync(exchange, 500));
        var tier = Over(server.Address, o => o with { WriteAttempts = 4 });

        Assert.True(Enqueue(tier, "a"));

        Assert.Equal(new DurabilityReport(0, 0, 1), await tier.FlushAsync(Token));
        Assert.Equal(4, server.Requests);
        Assert.Equal(1, tier.GetStatus().GivenUp);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_hanging_store_is_tried_again_and_given_up()
    {
        var server = Serve(exchange => exchange.HangAsync());
        var tier = Over(server.Address, o => o with { WriteAttempts = 2, Http = o.Http! with { FirstByteTimeout = TimeSpan.FromMilliseconds(200) } });

        Assert.True(Enqueue(tier, "a"));

        Assert.Equal(new DurabilityReport(0, 0, 1), await tier.FlushAsync(Token));
        Assert.Equal(2, server.Requests);
    }

    [Fact]
    public async Task An_artifact_that_waits_too_long_is_given_up()
    {
        var tier = Over(RawServer.DeadAddress(), o => o with
        {
            MaxWriteAge = TimeSpan.FromMilliseconds(200), WriteAttempts = int.MaxValue, CircuitThreshold = 1,
        });

        Assert.True(Enqueue(tier, "a"));

        Assert.Equal(new DurabilityReport(0, 0, 1), await tier.FlushAsync(Token));
    }

    [Fact]
    public async Task A_store_that_forbids_writing_is_not_bothered_again_for_a_while_and_still_read()
    {
        var server = Serve(exchange => exchange.Method == "PUT" ? TakeAsync(exchange, 403) : exchange.AnswerAsync(404));
        var tier = Over(server.Address, o => o with { Writers = 1 });

        Enqueue(tier, "a");
        await tier.FlushAsync(Token);
        for (var i = 0; i < 10; i++)
        {
            Assert.False(Enqueue(tier, $"{i}"));
        }

        Assert.Equal(1, server.Requests);
        Assert.Equal(CircuitState.Closed, tier.GetStatus().Circuit);
        Assert.False(await tier.ContainsAsync(TestArtifacts.KeyOf("a"), Token));
        Assert.Equal(2, server.Requests);
        AssertBalanced(tier);
    }

    [Fact]
    public void A_read_only_tier_takes_nothing()
    {
        var server = Serve(exchange => exchange.AnswerAsync(201));
        var tier = Over(server.Address, o => o with { Writers = 0 });

        Assert.False(Enqueue(tier, "a"));
    }

    [Theory]
    [InlineData(CacheErrorKind.Damaged)]
    [InlineData(CacheErrorKind.Io)]
    public async Task Content_that_cannot_be_read_here_is_not_the_stores_fault(CacheErrorKind kind)
    {
        var server = Serve(exchange => TakeAsync(exchange));
        var tier = Over(server.Address);

        Enqueue(tier, "a", 500_000, (200_000, new CacheException(kind, "bad block")));

        Assert.Equal(new DurabilityReport(0, 0, 1), await tier.FlushAsync(Token));
        Assert.InRange(server.Requests, 0, 1);
        Assert.Equal(CircuitState.Closed, tier.GetStatus().Circuit);
        Assert.Equal("bad block", tier.GetStatus().LastError);
    }

    [Fact]
    public async Task What_is_removed_is_not_sent_afterwards()
    {
        var gate = new TaskCompletionSource();
        var puts = new ConcurrentQueue<string>();
        var server = Serve(async exchange =>
        {
            if (exchange.Method == "PUT")
            {
                puts.Enqueue(exchange.Path);
                await exchange.ReadBodyAsync();
                await gate.Task;
                await exchange.AnswerAsync(201);
                return;
            }

            await exchange.AnswerAsync(204);
        });
        var tier = Over(server.Address, o => o with { Writers = 1 });
        Enqueue(tier, "in flight");
        while (puts.IsEmpty)
        {
            await Task.Delay(5, Token);
        }

        Enqueue(tier, "waiting");
        Enqueue(tier, "stays");

        Assert.True(await tier.RemoveAsync(TestArtifacts.KeyOf("waiting"), Token));
        Assert.True(await tier.RemoveAsync(TestArtifacts.KeyOf("in flight"), Token));
        gate.SetResult();
        await tier.FlushAsync(Token);

        Assert.EndsWith(TestArtifacts.KeyOf("stays").Fingerprint.ToString(), puts.Last(), StringComparison.Ordinal);
        Assert.Equal(2, puts.Count);
        Assert.Equal((0, 0), (tier.GetStatus().QueuedEntries, tier.GetStatus().QueuedBytes));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_flush_can_be_given_up_and_the_upload_goes_on()
    {
        var gate = new TaskCompletionSource();
        var server = Serve(async exchange =>
        {
            await exchange.ReadBodyAsync();
            await gate.Task;
            await exchange.AnswerAsync(201);
        });
        var tier = Over(server.Address);
        Enqueue(tier, "a");
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await tier.FlushAsync(giveUp.Token));

        gate.SetResult();
        Assert.Equal(new DurabilityReport(0, 1, 0), await tier.FlushAsync(Token));
    }

    [Fact]
    public async Task Closing_gives_back_every_lease_queued_or_in_flight()
    {
        var server = Serve(exchange => exchange.StopReadingAsync());
        var tier = Over(server.Address, o => o with { Writers = 2 });
        for (var i = 0; i < 50; i++)
        {
            Enqueue(tier, $"{i}", 100_000);
        }

        await tier.DisposeAsync();

        Assert.False(Enqueue(tier, "late"));
        Assert.Equal((0, 0), (tier.GetStatus().QueuedEntries, tier.GetStatus().QueuedBytes));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task Everything_at_once_keeps_the_books()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var status = new[] { 201, 201, 201, 412, 413, 500, 503, 507 };
        var server = Serve(exchange => exchange.Method == "PUT"
            ? TakeAsync(exchange, status[Random.Shared.Next(status.Length)])
            : exchange.AnswerAsync(Random.Shared.Next(2) == 0 ? 204 : 404));
        var tier = Over(server.Address, o => o with { QueueEntries = 32, QueueBytes = 100_000, WriteAttempts = 3 });

        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            var random = new Random(seed + worker);
            for (var i = 0; i < 300; i++)
            {
                var name = $"{random.Next(40)}";
                if (random.Next(8) == 0)
                {
                    await tier.RemoveAsync(TestArtifacts.KeyOf(name), Token);
                }
                else
                {
                    Enqueue(tier, name, random.Next(8_000));
                }

                Assert.InRange(tier.GetStatus().QueuedBytes, 0, 100_000);
                Assert.InRange(tier.GetStatus().QueuedEntries, 0, 32);
            }
        })));
        await tier.FlushAsync(Token);

        Assert.Equal((0, 0), (tier.GetStatus().QueuedEntries, tier.GetStatus().QueuedBytes));
        AssertBalanced(tier);
    }
}
