using System.Net;
using Larder.Cache;
using Larder.Node;

namespace Larder.Tests.Node;

/// <summary>A node on a free loopback port over a directory of its own, with a client. Checks for leaks when it ends.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly string _directory;

    private TestNode(NodeHost host, string directory, FailureLog log)
    {
        Host = host;
        _directory = directory;
        Log = log;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = host.Address };
    }

    public NodeHost Host { get; }

    public HttpClient Client { get; }

    public FailureLog Log { get; }

    public Uri Address => Host.Address;

    public string DataDirectory => _directory;

    public static async Task<TestNode> StartAsync(
        Func<NodeOptions, NodeOptions>? adjust = null, Func<CacheOptions, CacheOptions>? adjustCache = null)
    {
        var directory = Directory.CreateTempSubdirectory("larder-node-").FullName;
        var log = new FailureLog();
        var options = new NodeOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            DataDirectory = directory,
            MemoryCapacityBytes = 32 * 1024 * 1024,
            DiskCapacityBytes = 1024 * 1024 * 1024,
        };
        options = adjust?.Invoke(options) ?? options;
        var host = await NodeHost.StartAsync(options, adjustCache ?? (static cache => cache), log, TestContext.Current.CancellationToken);
        return new TestNode(host, directory, log);
    }

    public Task<RawConnection> ConnectAsync() => RawConnection.OpenAsync(Address);

    public Task<RawAnswer> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, null, headers);

    public Task<RawAnswer> HeadAsync(string path) => SendAsync(HttpMethod.Head, path, null);

    public Task<RawAnswer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    public Task<RawAnswer> PutAsync(string path, byte[] content, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Put, path, new ByteArrayContent(content), headers);

    public Task<RawAnswer> PostAsync(string path, byte[] content, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, new ByteArrayContent(content), headers);

    public Task<RawAnswer> PutChunkedAsync(string path, byte[] content) =>
        SendAsync(HttpMethod.Put, path, new StreamContent(new MemoryStream(content)), ("Transfer-Encoding", "chunked"));

    /// <summary>Sends one request through the client and reads the whole answer.</summary>
    public async Task<RawAnswer> SendAsync(
        HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var all = answer.Headers.Concat(answer.Content.Headers)
            .ToDictionary(static header => header.Key, static header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new RawAnswer((int)answer.StatusCode, all, body, IsWhole: true);
    }

    /// <summary>Sends one request on a connection of its own and reads the answer.</summary>
    public async Task<RawAnswer?> AskAsync(string request, bool isHead = false)
    {
        using var connection = await ConnectAsync();
        await connection.SendAsync(request);
        return await connection.ReadAsync(isHead);
    }

    /// <summary>Waits until no request holds a lease or a connection; fails when that does not happen.</summary>
    public async Task AssertNothingLeaksAsync()
    {
        for (var attempt = 0; attempt < 200 && (Host.LiveLeases > 0 || Host.Services.Metrics.InFlight > 0); attempt++)
        {
            await Task.Delay(25, CancellationToken.None);
        }

        Assert.Equal(0, Host.LiveLeases);
        Assert.Equal(0, Host.Services.Metrics.InFlight);
        Assert.Equal(Host.Services.Options.Limits.Uploads, Host.Services.UploadSlots.CurrentCount);
    }

    public async ValueTask DisposeAsync()
    {
        await AssertNothingLeaksAsync();
        Client.Dispose();
        await Host.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
