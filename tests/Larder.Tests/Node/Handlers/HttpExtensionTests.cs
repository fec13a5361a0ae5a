using System.Text.Json;
using Larder.Handlers.Contract;
using Larder.Node.Handlers;
using Larder.Tests.Node.Panels;

namespace Larder.Tests.Node.Handlers;

public sealed class HttpExtensionTests
{
    private static readonly HttpExtensionOptions Local = new() { AllowedDomains = ["localhost"], AllowPrivateAddresses = true };

    [Fact]
    public async Task A_request_is_sent_as_it_was_asked_for()
    {
        await using var server = new WebServer(static _ => WebServer.Json("""{"a":[1]}""", "X-Reply: yes\r\n"));
        using var http = new HttpExtension(Local);

        var answer = await CallAsync(http, "post", $"\"{server.Url}path?q=1\"", """{"x":"ä"}""", """{"headers":{"X-Asked":"1","Content-Type":"application/vnd.x+json"},"params":{"r":"a b"}}""");

        Assert.True(answer.Success, answer.Error);
        Assert.Equal((200, true, "yes"), (answer.Value.GetProperty("status").GetInt32(), answer.Value.GetProperty("ok").GetBoolean(), answer.Value.GetProperty("headers").Text("x-reply")));
        Assert.Equal("OK", answer.Value.Text("statusText"));
        Assert.Equal("""{"a":[1]}""", answer.Value.GetProperty("data").GetRawText());
        var request = Assert.Single(server.Requests);
        Assert.StartsWith("POST /path?q=1&r=a%20b HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Contains("X-Asked: 1\r\n", request, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/vnd.x+json\r\n", request, StringComparison.Ordinal);
        Assert.Contains("User-Agent: Larder/0.1\r\n", request, StringComparison.Ordinal);
        Assert.EndsWith("""{"x":"ä"}""", request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("get", "GET")]
    [InlineData("put", "PUT")]
    [InlineData("patch", "PATCH")]
    [InlineData("delete", "DELETE")]
    [InlineData("head", "HEAD")]
    [InlineData("options", "OPTIONS")]
    public async Task Every_method_is_sent(string method, string verb)
    {
        await using var server = new WebServer(static request =>
            request.StartsWith("HEAD", StringComparison.Ordinal) ? "HTTP/1.1 404 Nope\r\nConnection: close\r\n\r\n" : "HTTP/1.1 404 Nope\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntext");
        using var http = new HttpExtension(Local);

        var answer = await CallAsync(http, method, $"\"{server.Url}\"");
        var request = await CallAsync(http, "request", $$"""{"url":"{{server.Url}}","method":"{{verb.ToLowerInvariant()}}"}""");

        Assert.True(answer.Success, answer.Error);
        Assert.Equal((404, false), (answer.Value.GetProperty("status").GetInt32(), answer.Value.GetProperty("ok").GetBoolean()));
        Assert.Equal(method == "head" ? "" : "text", answer.Value.Text("data"));
        Assert.Equal(answer.Value.GetRawText(), request.Value.GetRawText());
        Assert.All(server.Requests, one => Assert.StartsWith(verb + " / HTTP/1.1\r\n", one, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"http://other.example/\"", "not among the hosts")]
    [InlineData("\"http://sub.localhost/\"", "not among the hosts")]
    [InlineData("\"http://localhost.example/\"", "not among the hosts")]
    [InlineData("\"http://127.0.0.1/\"", "not among the hosts")]
    [InlineData("\"file:///etc/passwd\"", "begins with http")]
    [InlineData("\"gopher://localhost/\"", "begins with http")]
    [InlineData("\"http://user:secret@localhost/\"", "has no password")]
    [InlineData("\"/relative\"", "begins with http")]
    [InlineData("5", "begins with http")]
    [InlineData("null", "begins with http")]
    [InlineData("\"http://localhost/\",{\"headers\":{\"Host\":\"x\"}}", "not for handlers to set")]
    [InlineData("\"http://localhost/\",{\"headers\":{\"Transfer-Encoding\":\"chunked\"}}", "not for handlers to set")]
    [InlineData("\"http://localhost/\",{\"headers\":{\"X\":\"a\\r\\nY: b\"}}", "malformed")]
    [InlineData("\"http://localhost/\",{\"headers\":{\"X Y\":\"a\"}}", "malformed")]
    [InlineData("\"http://localhost/\",[]", "must be an object")]
    public async Task What_is_not_allowed_or_malformed_fails_with_a_sentence(string arguments, string sentence)
    {
        using var http = new HttpExtension(Local);

        var answer = await http.CallAsync(
            "get", [.. JsonElement.Parse($"[{arguments}]").EnumerateArray()], TestContext.Current.CancellationToken);

        Assert.False(answer.Success);
        Assert.Contains(sentence, answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_allowed_hosts_everything_is_refused()
    {
        using var http = new HttpExtension(new HttpExtensionOptions());

        Assert.Contains("not among the hosts", (await CallAsync(http, "get", "\"https://example.com/\"")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    [InlineData("0.0.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task A_private_address_is_refused_whatever_led_to_it(string host)
    {
        await using var server = new WebServer(static _ => WebServer.Json("{}"));
        using var http = new HttpExtension(new HttpExtensionOptions { AllowedDomains = [host.Trim('[', ']')] });

        var answer = await CallAsync(http, "get", $"\"http://{host}:{server.Port}/\"");

        Assert.False(answer.Success);
        Assert.Contains("may not reach", answer.Error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Redirections_are_checked_like_the_first_address()
    {
        await using var server = new WebServer(static request => WebServer.Redirect(
            request.StartsWith("GET /away", StringComparison.Ordinal) ? "http://other.example/"
            : request.StartsWith("GET /file", StringComparison.Ordinal) ? "file:///etc/passwd"
            : "/loop"));
        using var http = new HttpExtension(Local);

        Assert.Contains("not among the hosts", (await CallAsync(http, "get", $"\"{server.Url}away\"")).Error, StringComparison.Ordinal);
        Assert.Contains("not among the hosts", (await CallAsync(http, "get", $"\"{server.Url}file\"")).Error, StringComparison.Ordinal);
        Assert.Contains("redirected more than 5 times", (await CallAsync(http, "get", $"\"{server.Url}loop\"")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirected_post_becomes_a_get_without_a_body()
    {
        await using var server = new WebServer(static request =>
            request.StartsWith("POST", StringComparison.Ordinal) ? WebServer.Redirect("/other", 303) : WebServer.Json("{}"));
        using var http = new HttpExtension(Local);

        await CallAsync(http, "post", $"\"{server.Url}\"", "\"body\"");

        Assert.Equal(2, server.Requests.Count);
        Assert.StartsWith("GET /other HTTP/1.1\r\n", server.Requests[1], StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", server.Requests[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_large_or_too_late_fails()
    {
        await using var server = new WebServer(static _ => WebServer.Json($"\"{new string('x', 20_000)}\""));
        using var http = new HttpExtension(Local with { MaxResponseBytes = 10_000, Timeout = TimeSpan.FromMilliseconds(500) });

        Assert.Contains("larger than 10000 bytes", (await CallAsync(http, "get", $"\"{server.Url}\"")).Error, StringComparison.Ordinal);
        server.Gate = new TaskCompletionSource().Task;
        Assert.Contains("did not answer within", (await CallAsync(http, "get", $"\"{server.Url}\"")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_more_requests_than_allowed_are_under_way()
    {
        var gate = new TaskCompletionSource();
        await using var server = new WebServer(static _ => WebServer.Json("{}")) { Gate = gate.Task };
        using var http = new HttpExtension(Local with { MaxConcurrent = 2 });

        var calls = Enumerable.Range(0, 6).Select(_ => CallAsync(http, "get", $"\"{server.Url}\"")).ToArray();
        for (var wait = 0; wait < 100 && server.Requests.Count < 2; wait++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Equal(2, server.Requests.Count);
        gate.SetResult();
        Assert.All(await Task.WhenAll(calls), static answer => Assert.True(answer.Success, answer.Error));
    }

    private static Task<ResumeResult> CallAsync(HttpExtension http, string method, params string[] arguments) =>
        http.CallAsync(method, [.. arguments.Select(static json => JsonElement.Parse(json))], TestContext.Current.CancellationToken);
}
