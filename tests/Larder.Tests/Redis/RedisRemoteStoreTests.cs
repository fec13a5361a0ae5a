using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Integrity;
using Larder.Cache.Redis;
using Larder.Cache.Redis.Records;
using Larder.Tests.Remote;

namespace Larder.Tests.Redis;

/// <summary>The store against servers that misbehave in every way that a socket permits.</summary>
public sealed class RedisRemoteStoreTests
{
    private static readonly ArtifactKey Key = TestArtifacts.KeyOf("an artifact");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reply_that_is_cut_at_any_byte_is_a_failure_that_may_not_come_again()
    {
        var reply = Bulk(RecordOf(TestArtifacts.Payload(200)));
        var cut = 0;
        await using var server = new FakeRedis(async (_, stream) =>
        {
            await FakeRedis.SayAsync(stream, reply[..cut]);
            throw new IOException("cut");
        });
        await using var store = Open(server);

        // Every byte of the line and the head, then some of the rest.
        for (; cut < reply.Length; cut += cut < 80 ? 1 : 37)
        {
            var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.GetAsync(Key, null, Token));
            Assert.True(failure.IsTransient, failure.Message);
            Assert.Equal(CacheErrorKind.Remote, failure.Kind);
        }
    }

    [Fact]
    public async Task A_reply_that_comes_byte_by_byte_is_read()
    {
        var payload = TestArtifacts.Payload(50);
        var reply = Bulk(RecordOf(payload));
        await using var server = new FakeRedis(async (_, stream) =>
        {
            foreach (var letter in reply)
            {
                await FakeRedis.SayAsync(stream, letter.ToString());
            }
        });
        await using var store = Open(server);

        await using var artifact = await store.GetAsync(Key, null, Token);

        var bytes = new byte[payload.Length];
        await artifact!.Content.ReadExactlyAsync(bytes, Token);
        Assert.Equal(payload, bytes);
    }

    [Fact]
    public async Task A_slow_drip_that_never_is_silent_is_given_up()
    {
        await using var server = new FakeRedis(static async (_, stream) =>
        {
            await FakeRedis.SayAsync(stream, "$100000\r\n");
            while (true)
            {
                await FakeRedis.SayAsync(stream, "x");
                await Task.Delay(20);
            }
        });
        await using var store = Open(server, options => options with { MinBytesPerSecond = 1_000_000, ReplyTimeout = TimeSpan.FromMilliseconds(500) });
        var watch = Stopwatch.StartNew();

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.GetAsync(Key, null, Token));

        Assert.IsType<TimeoutException>(failure.InnerException);
        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_server_that_says_nothing_fails_all_that_wait_at_once_and_the_next_has_a_new_connection()
    {
        var isSilent = true;
        await using var server = new FakeRedis((_, stream) => isSilent ? Task.CompletedTask : FakeRedis.SayAsync(stream, ":1\r\n").AsTask());
        await using var store = Open(server, static options => options with { ReplyTimeout = TimeSpan.FromMilliseconds(300) });

        var failures = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Record.ExceptionAsync(
            () => store.ContainsAsync(Key, Token).AsTask()).AsTask()));
        isSilent = false;

        Assert.All(failures, static failure => Assert.IsType<TimeoutException>(Assert.IsType<CacheException>(failure).InnerException));
        Assert.True(await store.ContainsAsync(Key, Token));
        Assert.Equal(2, server.Opened);
    }

    [Theory]
    [InlineData("+OK\r\n")]
    [InlineData(":12\r\n")]
    [InlineData("*1\r\n:1\r\n")]
    [InlineData("$0\r\n\r\n")]
    [InlineData("$5\r\nhello\r\n")]
    [InlineData("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n")]
    public async Task An_answer_of_the_wrong_kind_is_damage(string answer)
    {
        await using var server = new FakeRedis((words, stream) =>
            FakeRedis.SayAsync(stream, words[0] == "GET" ? answer : ":0\r\n").AsTask());
        await using var store = Open(server);

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.GetAsync(Key, null, Token));

        Assert.Equal(CacheErrorKind.Damaged, failure.Kind);
    }

    [Theory]
    [InlineData("$99999999999\r\n")]
    [InlineData("hello\r\n")]
    [InlineData(":1\r\n:1\r\n")]
    [InlineData("*9999999\r\n")]
    public async Task An_answer_that_is_no_reply_ends_the_connection(string answer)
    {
        await using var server = new FakeRedis((_, stream) => FakeRedis.SayAsync(stream, answer).AsTask());
        await using var store = Open(server);

        for (var i = 0; i < 2; i++)
        {
            var failure = await Record.ExceptionAsync(() => store.GetAsync(Key, null, Token).AsTask());
            Assert.IsType<CacheException>(failure);
            await Task.Delay(50, Token);
        }

        Assert.InRange(server.Opened, 2, 3);
    }

    [Fact]
    public async Task A_value_longer_than_any_record_is_passed_over_without_being_held()
    {
        var megabyte = new string('x', 1 << 20);
        await using var server = new FakeRedis(async (words, stream) =>
        {
            if (words[0] != "GET")
            {
                await FakeRedis.SayAsync(stream, ":1\r\n");
                return;
            }

            await FakeRedis.SayAsync(stream, $"${8 << 20}\r\n");
            for (var i = 0; i < 8; i++)
            {
                await FakeRedis.SayAsync(stream, megabyte);
            }

            await FakeRedis.SayAsync(stream, "\r\n");
        });
        await using var store = Open(server);

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.GetAsync(Key, null, Token));

        Assert.Equal(CacheErrorKind.Damaged, failure.Kind);
        Assert.True(await store.ContainsAsync(Key, Token));
        Assert.Equal(1, server.Opened);
    }

    [Fact]
    public async Task Giving_up_ends_one_call_and_leaves_its_connection_to_the_others()
    {
        var release = new TaskCompletionSource();
        await using var server = new FakeRedis(async (words, stream) =>
        {
            await release.Task;
            await FakeRedis.SayAsync(stream, words[0] == "GET" ? Bulk(RecordOf(TestArtifacts.Payload(20))) : ":1\r\n");
        });
        await using var store = Open(server, static options => options with { ReplyTimeout = TimeSpan.FromSeconds(30) });
        using var giveUp = new CancellationTokenSource();
        var first = store.GetAsync(Key, null, giveUp.Token).AsTask();
        var second = store.ContainsAsync(Key, Token).AsTask();
        await Task.Delay(100, Token);

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(second.IsCompleted);
        release.SetResult();

        Assert.True(await second);
        Assert.Equal(1, server.Opened);
    }

    [Fact]
    public async Task Every_call_gets_its_own_answer_whoever_gives_up_meanwhile()
    {
        const int ChunkBytes = 64 * 1024;
        var artifacts = Enumerable.Range(0, 40).ToDictionary(
            static number => TestArtifacts.KeyOf($"artifact {number}"),
            static number => TestArtifacts.Payload(number % 2 == 0 ? 500 + number : ChunkBytes + number));
        var values = new Dictionary<string, string>();
        foreach (var (key, payload) in artifacts)
        {
            AddValues(values, key, payload, payload.Length > 1000 ? ChunkBytes : 0);
        }

        await using var server = new FakeRedis(async (words, stream) => await FakeRedis.SayAsync(stream, values[words[1]]));
        await using var store = Open(server, static options => options with { ReplyTimeout = TimeSpan.FromSeconds(60) });
        var given = 0;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
            async () =>
            {
                var random = new Random(worker);
                for (var turn = 0; turn < 60; turn++)
                {
                    var (key, payload) = artifacts.ElementAt(random.Next(artifacts.Count));
                    using var giveUp = new CancellationTokenSource();
                    if (random.Next(3) == 0)
                    {
                        giveUp.CancelAfter(TimeSpan.FromMicroseconds(random.Next(1500)));
                    }

                    try
                    {
                        await using var artifact = await store.GetAsync(key, null, giveUp.Token);
                        var bytes = new byte[payload.Length];
                        await artifact!.Content.ReadExactlyAsync(bytes, giveUp.Token);
                        Assert.Equal(payload, bytes);
                        await artifact.DisposeAsync();
                        Interlocked.Increment(ref given);
                    }
                    catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
                    {
                    }
                }
            },
            Token)));

        Assert.InRange(given, 8 * 60 / 2, 8 * 60);
    }

    [Fact]
    public async Task Redirections_that_lead_in_circles_or_nowhere_end()
    {
        FakeRedis? other = null;
        await using var first = new FakeRedis((_, stream) => FakeRedis.SayAsync(stream, $"-MOVED 1 127.0.0.1:{other!.Port}\r\n").AsTask());
        await using var second = new FakeRedis((_, stream) => FakeRedis.SayAsync(stream, $"-ASK 1 127.0.0.1:{first.Port}\r\n").AsTask());
        other = second;
        await using var store = Open(first);
        await using var nowhere = new FakeRedis(static (_, stream) => FakeRedis.SayAsync(stream, "-MOVED 99999 nowhere\r\n").AsTask());
        await using var lost = Open(nowhere);

        await Assert.ThrowsAsync<CacheException>(async () => await store.ContainsAsync(Key, Token));
        await Assert.ThrowsAsync<CacheException>(async () => await lost.ContainsAsync(Key, Token));
    }

    [Fact]
    public async Task An_ask_is_followed_with_ASKING_and_does_not_move_the_slot()
    {
        await using var second = new FakeRedis(static (words, stream) =>
            FakeRedis.SayAsync(stream, words[0] == "ASKING" ? "+OK\r\n" : ":1\r\n").AsTask());
        await using var first = new FakeRedis((_, stream) => FakeRedis.SayAsync(stream, $"-ASK 5 127.0.0.1:{second.Port}\r\n").AsTask());
        await using var store = Open(first);

        Assert.True(await store.ContainsAsync(Key, Token));
        Assert.True(await store.ContainsAsync(Key, Token));

        Assert.Equal(["ASKING", "EXISTS", "ASKING", "EXISTS"], second.Commands.Select(static words => words[0]));
        Assert.Equal(2, first.Commands.Count);
    }

    [Fact]
    public async Task A_server_without_scripts_is_asked_before_it_is_told()
    {
        var values = new ConcurrentDictionary<string, string>();
        await using var server = new FakeRedis((words, stream) => FakeRedis.SayAsync(stream, words[0] switch
        {
            "EVAL" => "-ERR unknown command 'EVAL'\r\n",
            "SET" => values.TryAdd(words[1], words[2]) ? "+OK\r\n" : "$-1\r\n",
            "GET" => values.TryGetValue(words[1], out var value) ? Bulk(Encoding.Latin1.GetBytes(value)) : "$-1\r\n",
            "UNLINK" => values.TryRemove(words[1], out _) ? ":1\r\n" : ":0\r\n",
            "PEXPIRE" => ":1\r\n",
            _ => "-ERR unknown command\r\n",
        }).AsTask());
        await using var store = Open(server);
        var life = TimeSpan.FromSeconds(9);

        var token = await store.TryAcquireLeaseAsync(Key, life, Token);
        Assert.NotNull(token);
        Assert.Null(await store.TryAcquireLeaseAsync(Key, life, Token));
        Assert.False(await store.ReleaseLeaseAsync(Key, new byte[16], Token));
        Assert.True(await store.RenewLeaseAsync(Key, token, life, Token));
        Assert.True(await store.ReleaseLeaseAsync(Key, token, Token));
        Assert.Single(server.Commands, static words => words[0] == "EVAL");
    }

    [Fact]
    public async Task A_password_that_the_server_repeats_is_not_repeated_here()
    {
        await using var server = new FakeRedis(static (words, stream) =>
            FakeRedis.SayAsync(stream, $"-ERR unknown command '{words[0]}', with args beginning with: '{words[^1]}'\r\n").AsTask());
        await using var store = Open(server, static options => options with { Password = "hunter2" });

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.ContainsAsync(Key, Token));

        Assert.Contains("unknown command 'AUTH'", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis://localhost", true)]
    [InlineData("rediss://user:p%40ss@[::1]:7000/3", true)]
    [InlineData("redis+unix:///run/redis.sock", true)]
    [InlineData("redis://localhost/notanumber", false)]
    [InlineData("redis://localhost/?x=1", false)]
    [InlineData("http://localhost", false)]
    public void Addresses_are_checked_when_the_store_is_opened(string address, bool isTaken)
    {
        var failure = Record.Exception(() => new RedisRemoteStore(new RedisRemoteStoreOptions { Address = new Uri(address) }));

        Assert.Equal(isTaken, failure is null);
    }

    [Fact]
    public void Damage_of_any_byte_of_a_record_is_found()
    {
        var record = RecordOf(TestArtifacts.Payload(64));
        Assert.NotNull(RedisRecord.Decode(Key, record));
        for (var i = 0; i < record.Length; i++)
        {
            record[i] ^= 0x10;
            Assert.Null(RedisRecord.Decode(Key, record));
            record[i] ^= 0x10;
            Assert.Null(RedisRecord.Decode(Key, record.AsSpan(0, i)));
        }

        Assert.Null(RedisRecord.Decode(TestArtifacts.KeyOf("another"), record));
    }

    private static RedisRemoteStore Open(FakeRedis server, Func<RedisRemoteStoreOptions, RedisRemoteStoreOptions>? adjust = null)
    {
        var options = new RedisRemoteStoreOptions
        {
            Address = server.Address, ReplyTimeout = TimeSpan.FromSeconds(10), ConnectTimeout = TimeSpan.FromSeconds(10),
        };
        return new RedisRemoteStore(adjust is null ? options : adjust(options));
    }

    // The record of an artifact and its chunks, under their names.
    private static void AddValues(Dictionary<string, string> values, ArtifactKey key, byte[] payload, int chunkBytes)
    {
        var metadata = TestArtifacts.Describe(payload);
        var generation = RecordHead.NewGeneration();
        var names = new RecordKeys(new RedisRemoteStoreOptions { Address = new Uri("redis://127.0.0.1") }.KeyPrefix);
        var name = new byte[RecordKeys.MaxBytes];
        var tail = payload;
        if (chunkBytes > 0)
        {
            tail = new byte[(payload.Length + chunkBytes - 1) / chunkBytes * sizeof(uint)];
            for (var index = 0; index * chunkBytes < payload.Length; index++)
            {
                var chunk = payload[(index * chunkBytes)..Math.Min(payload.Length, (index + 1) * chunkBytes)];
                BinaryPrimitives.WriteUInt32LittleEndian(tail.AsSpan(index * sizeof(uint)), Crc32C.Compute(chunk));
                values.Add(Encoding.ASCII.GetString(name, 0, names.WriteChunk(key, generation, index, name)), Bulk(chunk));
            }
        }

        var front = RedisRecord.MeasureFront(key, metadata);
        var record = new byte[front + tail.Length];
        tail.CopyTo(record, front);
        RedisRecord.EncodeFront(key, metadata, chunkBytes, generation, record.AsSpan(0, front), tail);
        values.Add(Encoding.ASCII.GetString(name, 0, names.Write(key, name)), Bulk(record));
    }

    private static string Bulk(byte[] bytes) => $"${bytes.Length}\r\n{Encoding.Latin1.GetString(bytes)}\r\n";

    private static byte[] RecordOf(byte[] payload)
    {
        var metadata = TestArtifacts.Describe(payload);
        var front = RedisRecord.MeasureFront(Key, metadata);
        var record = new byte[front + payload.Length];
        payload.CopyTo(record, front);
        RedisRecord.EncodeFront(Key, metadata, 0, RecordHead.NewGeneration(), record.AsSpan(0, front), payload);
        return record;
    }
}
