using System.Text;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Remote;

namespace Larder.Tests.Remote;

/// <summary>What the store over HTTP sends, and what it makes of answers that no good server gives.</summary>
public sealed class HttpRemoteStoreTests
{
    private static readonly ArtifactKey Key = TestArtifacts.KeyOf("a");

    private static readonly byte[] Payload = TestArtifacts.Payload(2_000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static HttpRemoteStoreOptions Quick(Uri address, HttpRemoteFlavour flavour = HttpRemoteFlavour.Larder) => new()
    {
        Address = address,
        Flavour = flavour,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        FirstByteTimeout = TimeSpan.FromSeconds(1),
        IdleTimeout = TimeSpan.FromSeconds(1),
    };

    private static string Digest(byte[] payload) =>
        $"Larder-Digest: {Larder.Cache.Fingerprints.Fingerprint.OfContent(payload)}\r\n";

    private static async Task<byte[]> ReadAsync(RemoteArtifact artifact)
    {
        using var bytes = new MemoryStream();
        await artifact.Content.CopyToAsync(bytes, Token);
        return bytes.ToArray();
    }

    private static async Task<CacheException> GetFailsAsync(
        Func<RawExchange, Task> handle, HttpRemoteFlavour flavour = HttpRemoteFlavour.Larder, ByteRange? range = null)
    {
        await using var server = new RawServer(handle);
        await using var store = new HttpRemoteStore(Quick(server.Address, flavour));
        return await Assert.ThrowsAsync<CacheException>(async () =>
        {
            await using var artifact = await store.GetAsync(Key, range, Token);
            await ReadAsync(artifact!);
        });
    }

    [Fact]
    public async Task Paths_of_a_node_and_of_a_plain_server_are_the_documented_ones()
    {
        await using var server = new RawServer(exchange => exchange.AnswerAsync(404));
        await using var node = new HttpRemoteStore(Quick(new Uri(server.Address, "deep/er/")));
        await using var plain = new HttpRemoteStore(Quick(new Uri(server.Address, "deep/er"), HttpRemoteFlavour.Plain));

        await node.GetAsync(Key, null, Token);
        await plain.GetAsync(Key, null, Token);

        var name = Key.Fingerprint.ToString();
        Assert.Equal(
            [$"GET /deep/er/v1/artifacts/handler/{name} HTTP/1.1", $"GET /deep/er/handler/{name[..2]}/{name} HTTP/1.1"],
            server.Heads.Select(head => head.Split("\r\n")[0]));
    }

    [Fact]
    public async Task A_node_is_told_the_metadata_and_that_the_same_bytes_may_stay()
    {
        RawExchange? seen = null;
        await using var server = new RawServer(async exchange =>
        {
            seen = exchange;
            await exchange.ReadBodyAsync();
            await exchange.AnswerAsync(201);
        });
        await using var store = new HttpRemoteStore(Quick(server.Address) with { BearerToken = "s3cret" });
        await using var content = new MemoryStream(Payload);

        await store.PutAsync(Key, TestArtifacts.Describe(Payload), content, Token);

        Assert.Equal($"\"{TestArtifacts.Describe(Payload).Digest}\"", seen!.Header("If-None-Match"));
        Assert.Equal("Bearer s3cret", seen.Header("Authorization"));
        Assert.Equal("2000", seen.Header("Content-Length"));
        Assert.Null(seen.Header("Expect"));
        Assert.Equal("1234", seen.Header("Larder-Cost-Ms"));
        Assert.Equal("tenant%2F%C3%BC%201", seen.Header("Larder-Owner"));
        Assert.Equal("a%2Cb%0A%2541", seen.Header("Larder-Attr-tag"));
        Assert.Equal(Larder.Cache.Fingerprints.Fingerprint.OfContent(Payload).ToString(), seen.Header("Larder-Digest"));
    }

    [Theory]
    [InlineData("http://user:pa%3Ass@host/", null, "Basic dXNlcjpwYTpzcw==")]
    [InlineData("http://host/", "user", "Basic dXNlcjpwYTpzcw==")]
    public async Task User_and_password_come_from_the_options_or_the_address(string template, string? user, string expected)
    {
        RawExchange? seen = null;
        await using var server = new RawServer(exchange => (seen = exchange).AnswerAsync(404));
        var address = new Uri(template.Replace("host", server.Address.Authority, StringComparison.Ordinal));
        await using var store = new HttpRemoteStore(Quick(address) with { User = user, Password = user is null ? null : "pa:ss" });

        await store.ContainsAsync(Key, Token);

        Assert.Equal(expected, seen!.Header("Authorization"));
        Assert.DoesNotContain("pa", store.Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_are_in_no_message_name_or_option_text()
    {
        const string Secret = "hunter2secret";
        var address = new Uri(RawServer.DeadAddress().ToString().Replace("//", $"//me:{Secret}@", StringComparison.Ordinal));
        var options = Quick(address);
        await using var store = new HttpRemoteStore(options);

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.GetAsync(Key, null, Token));

        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, store.Name, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, (options with { Address = new Uri(store.Name), BearerToken = Secret }).ToString(), StringComparison.Ordinal);
        Assert.Equal("//***@host Bearer *** basic *** x", Redaction.Clean($"//me:{Secret}@host Bearer {Secret} basic {Secret} x"));
    }

    [Fact]
    public async Task Large_uploads_ask_first_and_a_refusal_costs_no_body()
    {
        var payload = TestArtifacts.Payload(2 * 1024 * 1024);
        await using var server = new RawServer(async exchange =>
        {
            Assert.Equal("100-continue", exchange.Header("Expect"));
            await exchange.AnswerAsync(413);
            exchange.Closes = true;
        });
        await using var store = new HttpRemoteStore(Quick(server.Address) with { FirstByteTimeout = TimeSpan.FromSeconds(5) });
        await using var content = new MemoryStream(payload);

        Assert.Equal(PutOutcome.TooLarge, await store.PutAsync(Key, TestArtifacts.Describe(payload), content, Token));

        Assert.Equal(0, content.Position);
    }

    [Theory]
    [InlineData(200, PutOutcome.Stored)]
    [InlineData(201, PutOutcome.Stored)]
    [InlineData(204, PutOutcome.Stored)]
    [InlineData(202, PutOutcome.NotAdmitted)]
    [InlineData(412, PutOutcome.AlreadyPresent)]
    [InlineData(413, PutOutcome.TooLarge)]
    [InlineData(507, PutOutcome.NoSpace)]
    [InlineData(401, PutOutcome.Disabled)]
    [InlineData(403, PutOutcome.Disabled)]
    [InlineData(405, PutOutcome.Disabled)]
    [InlineData(400, PutOutcome.DigestMismatch)]
    public async Task Answers_to_a_put_are_values(int status, PutOutcome expected)
    {
        await using var server = new RawServer(async exchange =>
        {
            await exchange.ReadBodyAsync();
            await exchange.AnswerAsync(status);
        });
        await using var store = new HttpRemoteStore(Quick(server.Address));
        await using var content = new MemoryStream(Payload);

        Assert.Equal(expected, await store.PutAsync(Key, TestArtifacts.Describe(Payload), content, Token));
    }

    [Theory]
    [InlineData(500, true)]
    [InlineData(502, true)]
    [InlineData(503, true)]
    [InlineData(429, true)]
    [InlineData(401, false)]
    [InlineData(403, false)]
    [InlineData(400, false)]
    [InlineData(206, false)]
    [InlineData(301, false)]
    [InlineData(307, false)]
    public async Task Other_answers_to_a_get_are_failures_that_know_whether_to_try_again(int status, bool transient)
    {
        var failure = await GetFailsAsync(exchange => exchange.AnswerAsync(status, "Location: http://127.0.0.1:1/\r\n"));

        Assert.Equal(CacheErrorKind.Remote, failure.Kind);
        Assert.Equal(transient, failure.IsTransient);
        Assert.Contains($"{status}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_gets_no_credentials()
    {
        await using var other = new RawServer(exchange => exchange.AnswerAsync(200));
        await using var server = new RawServer(exchange => exchange.AnswerAsync(302, $"Location: {other.Address}\r\n"));
        await using var store = new HttpRemoteStore(Quick(server.Address) with { BearerToken = "t" });

        await Assert.ThrowsAsync<CacheException>(async () => await store.GetAsync(Key, null, Token));

        Assert.Equal(0, other.Requests);
    }

    [Theory]
    [InlineData("Retry-After: 7\r\n", 7)]
    [InlineData("Retry-After: soon\r\n", null)]
    [InlineData("", null)]
    public async Task A_wish_to_be_left_alone_is_passed_on(string header, int? seconds)
    {
        var failure = await GetFailsAsync(exchange => exchange.AnswerAsync(503, header));

        Assert.Equal(seconds, failure.RetryAfter?.TotalSeconds);
    }

    [Fact]
    public async Task A_port_that_nobody_listens_on_is_a_transient_failure_at_once()
    {
        await using var store = new HttpRemoteStore(Quick(RawServer.DeadAddress()));

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.ContainsAsync(Key, Token));

        Assert.True(failure.IsTransient);
        Assert.IsNotType<TimeoutException>(failure.InnerException);
    }

    [Fact]
    public async Task An_answer_that_does_not_begin_is_overdue()
    {
        var failure = await GetFailsAsync(exchange => exchange.HangAsync());

        Assert.IsType<TimeoutException>(failure.InnerException);
        Assert.True(failure.IsTransient);
    }

    [Fact]
    public async Task A_head_that_does_not_end_is_overdue()
    {
        var failure = await GetFailsAsync(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Len");
            await exchange.HangAsync();
        });

        Assert.IsType<TimeoutException>(failure.InnerException);
    }

    [Fact]
    public async Task A_body_that_stands_still_is_overdue()
    {
        var failure = await GetFailsAsync(async exchange =>
        {
            await exchange.AnswerAsync(200, Digest(Payload), Payload.AsMemory(0, 500), Payload.Length);
            await exchange.HangAsync();
        });

        Assert.IsType<TimeoutException>(failure.InnerException);
    }

    [Fact]
    public async Task An_upload_that_nobody_reads_is_overdue()
    {
        var payload = TestArtifacts.Payload(32 * 1024 * 1024);
        await using var server = new RawServer(exchange => exchange.StopReadingAsync());
        await using var store = new HttpRemoteStore(Quick(server.Address) with { ExpectContinueBytes = long.MaxValue });
        await using var content = new MemoryStream(payload);

        var failure = await Assert.ThrowsAsync<CacheException>(
            async () => await store.PutAsync(Key, TestArtifacts.Describe(payload), content, Token));

        Assert.IsType<TimeoutException>(failure.InnerException);
    }

    [Fact]
    public async Task A_slow_upload_that_makes_progress_is_not_overdue()
    {
        var payload = TestArtifacts.Payload(300_000);
        await using var server = new RawServer(async exchange =>
        {
            await exchange.ReadBodyAsync();
            await exchange.AnswerAsync(201);
        });
        await using var store = new HttpRemoteStore(Quick(server.Address));
        await using var content = new SlowStream(payload, TimeSpan.FromMilliseconds(300));

        Assert.Equal(PutOutcome.Stored, await store.PutAsync(Key, TestArtifacts.Describe(payload), content, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_999)]
    public async Task A_body_that_is_cut_fails(int length)
    {
        var failure = await GetFailsAsync(async exchange =>
        {
            await exchange.AnswerAsync(200, Digest(Payload), Payload.AsMemory(0, length), Payload.Length);
            exchange.Closes = true;
        });

        Assert.True(failure.IsTransient);
    }

    [Fact]
    public async Task A_connection_that_is_reset_in_mid_body_fails()
    {
        var failure = await GetFailsAsync(async exchange =>
        {
            await exchange.AnswerAsync(200, Digest(Payload), Payload.AsMemory(0, 500), Payload.Length);
            exchange.Reset();
        });

        Assert.True(failure.IsTransient);
    }

    [Theory]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nLarder-Digest: zz\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    public async Task Answers_that_are_not_a_nodes_are_failures(string answer)
    {
        var failure = await GetFailsAsync(async exchange =>
        {
            await exchange.SendAsync(answer);
            exchange.Closes = true;
        });

        Assert.Equal(CacheErrorKind.Remote, failure.Kind);
    }

    [Fact]
    public async Task Headers_without_end_are_refused()
    {
        var failure = await GetFailsAsync(async exchange =>
        {
            exchange.Closes = true;
            await exchange.SendAsync("HTTP/1.1 200 OK\r\n");
            for (var i = 0; i < 10_000; i++)
            {
                await exchange.SendAsync($"X-{i}: {new string('x', 1_000)}\r\n");
            }
        });

        Assert.Equal(CacheErrorKind.Remote, failure.Kind);
    }

    [Theory]
    [InlineData(HttpRemoteFlavour.Larder)]
    [InlineData(HttpRemoteFlavour.Plain)]
    public async Task A_payload_over_the_limit_is_refused_before_it_is_read(HttpRemoteFlavour flavour)
    {
        var metadata = TestArtifacts.Describe([]) with { Length = 1L << 40 };
        var header = flavour == HttpRemoteFlavour.Plain ? RemoteFrame.Encode(Key, metadata) : [];
        await using var server = new RawServer(async exchange =>
        {
            await exchange.AnswerAsync(200, Digest(Payload), header, header.Length + metadata.Length);
            await exchange.HangAsync();
        });
        await using var store = new HttpRemoteStore(Quick(server.Address, flavour));

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.GetAsync(Key, null, Token));

        Assert.False(failure.IsTransient);
        Assert.Contains("MaxPayloadBytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_is_not_the_one_asked_for_is_refused()
    {
        var failure = await GetFailsAsync(
            exchange => exchange.AnswerAsync(206, Digest(Payload) + "Content-Range: bytes 50-149/2000\r\n", Payload.AsMemory(50, 100)),
            range: new ByteRange(100, 100));

        Assert.Equal(CacheErrorKind.Damaged, failure.Kind);
    }

    [Fact]
    public async Task A_part_whose_range_and_length_contradict_is_refused()
    {
        var failure = await GetFailsAsync(
            exchange => exchange.AnswerAsync(206, Digest(Payload) + "Content-Range: bytes 100-299/2000\r\n", Payload.AsMemory(100, 100)),
            range: new ByteRange(100, 100));

        Assert.Equal(CacheErrorKind.Remote, failure.Kind);
    }

    [Theory]
    [InlineData("<html>404 not really found</html>")]
    [InlineData("")]
    [InlineData("LRDR")]
    public async Task What_a_plain_server_gives_must_be_framed(string body)
    {
        var failure = await GetFailsAsync(
            exchange => exchange.AnswerAsync(200, "", Encoding.ASCII.GetBytes(body)), HttpRemoteFlavour.Plain);

        Assert.True(failure.Kind == CacheErrorKind.Damaged || failure.IsTransient);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_framed_body_that_is_longer_or_shorter_than_its_header_says_is_damaged(int difference)
    {
        byte[] body = [.. RemoteFrame.Encode(Key, TestArtifacts.Describe(Payload)), .. new byte[Payload.Length + difference]];

        var failure = await GetFailsAsync(exchange => exchange.AnswerAsync(200, "", body), HttpRemoteFlavour.Plain);

        Assert.Equal(CacheErrorKind.Damaged, failure.Kind);
    }

    [Fact]
    public async Task Giving_up_is_a_cancellation_and_no_failure()
    {
        await using var server = new RawServer(exchange => exchange.HangAsync());
        await using var store = new HttpRemoteStore(new HttpRemoteStoreOptions { Address = server.Address });
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.GetAsync(Key, null, giveUp.Token));
    }

    [Theory]
    [InlineData("ftp://host/")]
    [InlineData("http://host/?q=1")]
    [InlineData("http://host/#f")]
    [InlineData("relative")]
    public void Addresses_that_cannot_work_are_refused_at_once(string address)
    {
        var options = new HttpRemoteStoreOptions { Address = new Uri(address, UriKind.RelativeOrAbsolute) };

        var failure = Assert.Throws<CacheException>(() => new HttpRemoteStore(options));

        Assert.Equal(CacheErrorKind.Configuration, failure.Kind);
    }

    [Fact]
    public void Credentials_that_contradict_or_break_a_header_are_refused()
    {
        var good = new HttpRemoteStoreOptions { Address = new Uri("http://host/") };

        Assert.Throws<CacheException>(() => new HttpRemoteStore(good with { BearerToken = "a", User = "b" }));
        Assert.Throws<CacheException>(() => new HttpRemoteStore(good with { BearerToken = "a\r\nX: y" }));
        Assert.Throws<CacheException>(() => new HttpRemoteStore(good with { User = "a:b" }));
        Assert.Throws<CacheException>(() => new HttpRemoteStore(good with { IdleTimeout = TimeSpan.Zero }));
    }

    private sealed class SlowStream(byte[] payload, TimeSpan pause) : MemoryStream(payload)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(pause, cancellationToken);
            return Read(buffer.Span);
        }
    }
}
