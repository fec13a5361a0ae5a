using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Redis;
using Larder.Cache.Remote;
using Larder.Tests.Remote;
using StackExchange.Redis;

namespace Larder.EndToEnd.Remote;

/// <summary>The contract over a real Redis, and what only a server that can be looked into shows.</summary>
public sealed class RedisStoreTests(EngineFixture engines) : RedisServerContract(engines)
{
    private protected override Task<EngineProcess> StartAsync() => EngineProcess.StartRedisAsync();

    [Theory]
    [InlineData(2_000)]
    [InlineData(3_000_000)]
    public async Task Wrong_bytes_on_the_server_are_a_miss_until_a_put_repairs_them(int length)
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(length);
        await PutAsync(key, payload);
        var damaged = (await Engine.KeysAsync()).MaxBy(static name => name.Length)!;
        await Engine.AskAsync("SETRANGE", damaged, "1500", "damage");
        await using var tier = new RemoteTier(new RemoteTierOptions { Store = Open() });

        Assert.Equal(LookupOutcome.Miss, await FetchAsync(tier, key));
        Assert.Equal(1, tier.GetStatus().Damaged);
        Assert.Empty(await Engine.KeysAsync());

        Assert.True(tier.TryEnqueue(key, new LeasedContent(payload).Lease()));
        Assert.Equal(1, (await tier.FlushAsync(Token)).Durable);
        Assert.Equal(LookupOutcome.Hit, await FetchAsync(tier, key));
    }

    [Fact]
    public async Task A_record_at_the_place_of_another_is_a_miss_and_a_key_of_another_type_too()
    {
        var (first, second) = (NewKey(), NewKey());
        await PutAsync(first, TestArtifacts.Payload(100));
        await PutAsync(second, TestArtifacts.Payload(100, seed: 2));
        var names = await Engine.KeysAsync();
        await Engine.AskAsync("COPY", names[0], names[1], "REPLACE");
        await using var tier = new RemoteTier(new RemoteTierOptions { Store = Open() });

        var outcomes = new[] { await FetchAsync(tier, first), await FetchAsync(tier, second) };
        Assert.Single(outcomes, LookupOutcome.Hit);
        Assert.Single(outcomes, LookupOutcome.Miss);

        await Engine.AskAsync("DEL", names[0]);
        await Engine.AskAsync("RPUSH", names[0], "not", "a", "value");
        var other = names[0].Contains(first.Fingerprint.ToString(), StringComparison.Ordinal) ? first : second;
        Assert.Equal(LookupOutcome.Miss, await FetchAsync(tier, other));
        Assert.Equal(PutOutcome.Stored, await PutAsync(other, TestArtifacts.Payload(100)));
        Assert.Equal(LookupOutcome.Hit, await FetchAsync(tier, other));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_chunk_that_the_server_dropped_makes_a_miss(int index)
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(3_000_000);
        await PutAsync(key, payload);
        await Engine.AskAsync("DEL", (await Engine.KeysAsync()).Single(name => name.EndsWith($":{index}", StringComparison.Ordinal)));
        await using var tier = new RemoteTier(new RemoteTierOptions { Store = Open() });

        Assert.Equal(LookupOutcome.Miss, await FetchAsync(tier, key));

        Assert.Equal(0, tier.GetStatus().Damaged);
        Assert.Empty(await Engine.KeysAsync());
        Assert.Equal(PutOutcome.Stored, await PutAsync(key, payload));
    }

    [Fact]
    public async Task Another_client_reads_what_this_one_wrote_and_holds_the_same_leases()
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(2_500_000);
        await PutAsync(key, payload);
        using var other = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{Engine.Port}");
        var database = other.GetDatabase();

        var chunks = (await Engine.KeysAsync()).Where(static name => name.Contains("}:", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        var bytes = new List<byte>();
        foreach (var name in chunks)
        {
            bytes.AddRange((byte[])(await database.StringGetAsync(name))!);
        }

        Assert.Equal(payload, bytes);
        RedisKey lease = $"larder:{{{key}}}:lease";
        var token = await ((IFleetLease)Store).TryAcquireLeaseAsync(key, TimeSpan.FromMinutes(1), Token);
        Assert.Equal(token, (byte[]?)await database.LockQueryAsync(lease));
        Assert.False(await database.LockTakeAsync(lease, "another", TimeSpan.FromMinutes(1)));
        Assert.True(await database.LockReleaseAsync(lease, token));
        Assert.True(await database.LockTakeAsync(lease, "another", TimeSpan.FromMinutes(1)));
        Assert.Null(await ((IFleetLease)Store).TryAcquireLeaseAsync(key, TimeSpan.FromMinutes(1), Token));
    }

    [Fact]
    public async Task Chunks_without_a_record_expire_and_those_with_one_do_not()
    {
        var key = NewKey();
        using var giveUp = new CancellationTokenSource();
        var payload = TestArtifacts.Payload(6_000_000);
        await using (var store = Open())
        {
            await using var content = new BreakingStream(payload, 5_000_000, giveUp);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                async () => await store.PutAsync(key, TestArtifacts.Describe(payload), content, giveUp.Token));
        }

        foreach (var name in await Engine.KeysAsync())
        {
            // One whose removal overtook it.
            Assert.NotEqual("-1", await Engine.AskAsync("PTTL", name));
        }

        await Engine.AskAsync("FLUSHALL");
        await PutAsync(key, payload);
        foreach (var name in await Engine.KeysAsync())
        {
            Assert.Equal("-1", await Engine.AskAsync("PTTL", name));
        }
    }

    [Fact]
    public async Task What_has_lived_its_time_is_a_miss()
    {
        var (small, large) = (NewKey(), NewKey());
        await using var store = new RedisRemoteStore(Options with { TimeToLive = TimeSpan.FromSeconds(1) });
        await PutOnAsync(store, small, TestArtifacts.Payload(100));
        await PutOnAsync(store, large, TestArtifacts.Payload(3_000_000));

        foreach (var name in await Engine.KeysAsync())
        {
            Assert.InRange(long.Parse(await Engine.AskAsync("PTTL", name), System.Globalization.CultureInfo.InvariantCulture), -2, 61_000);
        }

        await Task.Delay(1_200, Token);
        Assert.Null(await store.GetAsync(small, null, Token));
        Assert.Null(await store.GetAsync(large, null, Token));
    }

    [Fact]
    public async Task A_full_server_that_evicts_gives_right_bytes_or_misses()
    {
        await using var engine = await EngineProcess.StartRedisAsync("--maxmemory", "24mb", "--maxmemory-policy", "allkeys-lru");
        await using var tier = new RemoteTier(new RemoteTierOptions
        {
            Store = new RedisRemoteStore(new RedisRemoteStoreOptions { Address = engine.Address, ChunkBytes = 256 * 1024 }),
        });
        var keys = Enumerable.Range(0, 24).Select(i => (Key: NewKey(), Payload: TestArtifacts.Payload(1_500_000 + i, i))).ToArray();
        foreach (var (key, payload) in keys)
        {
            Assert.True(tier.TryEnqueue(key, new LeasedContent(payload).Lease()));
        }

        await tier.FlushAsync(Token);
        var hits = 0;
        foreach (var (key, payload) in keys)
        {
            await using var writer = new MemoryWriter(key);
            using var lease = await tier.FetchAsync(key, writer, Token);
            Assert.NotEqual(LookupOutcome.Throttled, lease.Outcome);
            hits += lease.IsHit ? 1 : 0;
        }

        Assert.InRange(hits, 1, keys.Length - 1);
        Assert.Equal(0, tier.GetStatus().Damaged);
        Assert.Equal(CircuitState.Closed, tier.GetStatus().Circuit);
    }

    [Theory]
    [InlineData(30_000)]
    [InlineData(8_000_000)]
    public async Task A_full_server_that_does_not_evict_refuses_the_put(int length)
    {
        await using var engine = await EngineProcess.StartRedisAsync("--maxmemory", "4mb", "--maxmemory-policy", "noeviction");
        await using var store = new RedisRemoteStore(new RedisRemoteStoreOptions { Address = engine.Address });
        var outcomes = new List<PutOutcome>();
        for (var i = 0; i < 200 && (outcomes.Count == 0 || outcomes[^1] == PutOutcome.Stored); i++)
        {
            outcomes.Add(await PutOnAsync(store, NewKey(), TestArtifacts.Payload(length, i)));
        }

        Assert.Equal(PutOutcome.NoSpace, outcomes[^1]);
        Assert.DoesNotContain(await engine.KeysAsync(), name => length > 100_000 && name.Contains("}:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_user_is_needed_where_the_server_asks_for_one_and_is_shown_nowhere()
    {
        await using var engine = await EngineProcess.StartRedisAsync();
        await engine.AskAsync("ACL", "SETUSER", "larder", "on", ">se@cret/1", "~larder:*", "+@all");
        await engine.AskAsync("ACL", "SETUSER", "reader", "on", ">second", "~larder:*", "+@read", "+@connection");
        await engine.AskAsync("ACL", "SETUSER", "default", "off");
        await using var right = new RedisRemoteStore(new RedisRemoteStoreOptions
        {
            Address = new Uri($"redis://larder:se%40cret%2F1@127.0.0.1:{engine.Port}"),
        });
        await using var wrong = new RedisRemoteStore(new RedisRemoteStoreOptions
        {
            Address = new Uri($"redis://larder:no-secret@127.0.0.1:{engine.Port}"),
        });
        await using var reader = new RedisRemoteStore(new RedisRemoteStoreOptions
        {
            Address = engine.Address, User = "reader", Password = "second",
        });
        var key = NewKey();

        Assert.Equal(PutOutcome.Stored, await PutOnAsync(right, key, TestArtifacts.Payload(100)));
        Assert.Equal(PutOutcome.Disabled, await PutOnAsync(reader, NewKey(), TestArtifacts.Payload(100)));
        Assert.True(await reader.ContainsAsync(key, Token));
        var failure = await Assert.ThrowsAsync<CacheException>(async () => await wrong.ContainsAsync(key, Token));

        Assert.False(failure.IsTransient);
        Assert.Contains("user and password", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("se@cret", right.Name + right, StringComparison.Ordinal);
        Assert.DoesNotContain("cret", right.Name, StringComparison.Ordinal);
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
        await Task.Delay(20, Token);

        await Engine.KillAsync();
        Assert.NotEqual(LookupOutcome.Hit, await FetchAsync(tier, key));
        await Engine.RunAsync();

        var report = await tier.FlushAsync(Token);
        Assert.Equal((0, 1, 0), (report.Pending, report.Durable, report.Failed));
        Assert.Equal(LookupOutcome.Hit, await FetchAsync(tier, key));
    }
}
