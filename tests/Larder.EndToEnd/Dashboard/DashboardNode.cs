using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Larder.Node;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.EndToEnd.Dashboard;

/// <summary>A node on a loopback port over a directory of its own, and a client that puts and gets.</summary>
internal sealed class DashboardNode : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("larder-dashboard-").FullName;
    private readonly Func<NodeOptions, NodeOptions> _adjust;
    private NodeHost? _host;

    private DashboardNode(Func<NodeOptions, NodeOptions> adjust) => _adjust = adjust;

    public NodeHost Host => _host!; // Set by StartAsync before anyone has the object.

    public Uri Address { get; private set; } = new("http://127.0.0.1:0");

    public HttpClient Client { get; private set; } = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<DashboardNode> StartAsync(Func<NodeOptions, NodeOptions>? adjust = null)
    {
        var node = new DashboardNode(adjust ?? (static options => options));
        await node.OpenAsync();
        return node;
    }

    /// <summary>Stops the node and starts it again on the same port over the same directory.</summary>
    public async Task RestartAsync(Func<Task> meanwhile)
    {
        await Host.DisposeAsync();
        await meanwhile();
        await OpenAsync();
    }

    /// <summary>Stores bytes under a name that follows from <paramref name="number"/>; returns the name.</summary>
    public async Task<string> PutAsync(string kind, int number, int length)
    {
        var content = new byte[length];
        new Random(number).NextBytes(content);
        var name = NameOf(number);
        using var body = new ByteArrayContent(content);
        using var response = await Client.PutAsync(Path($"/v1/artifacts/{kind}/{name}"), body, Token);
        response.EnsureSuccessStatusCode();
        return name;
    }

    /// <summary>Asks for an artifact; true on a hit.</summary>
    public async Task<bool> GetAsync(string kind, int number)
    {
        using var response = await Client.GetAsync(Path($"/v1/artifacts/{kind}/{NameOf(number)}"), Token);
        await response.Content.ReadAsByteArrayAsync(Token);
        return response.StatusCode == HttpStatusCode.OK;
    }

    public async Task<JsonElement> JsonAsync(string path)
    {
        using var document = JsonDocument.Parse(await Client.GetByteArrayAsync(Path(path), Token));
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static string NameOf(int number) => Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(number)));

    private static Uri Path(string path) => new(path, UriKind.Relative);

    private async Task OpenAsync()
    {
        var options = _adjust(new NodeOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, Address.Port),
            DataDirectory = _directory,
            MemoryCapacityBytes = 1024 * 1024,
            DiskCapacityBytes = 64 * 1024 * 1024,
        });
        _host = await NodeHost.StartAsync(options, NullLoggerFactory.Instance, Token);
        Address = _host.Address;
        Client.Dispose();
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Address };
    }
}
