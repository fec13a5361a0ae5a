using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Larder.Tests.Indexer.Blocks.Support;

/// <summary>A node of a chain over real sockets, with a chain that tests change and faults that they order.</summary>
internal sealed class FakeChainNode : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<string> _questions = [];
    private readonly Queue<NodeFault> _faults = new();
    private readonly List<Task> _connections = [];

    // Guarded by _gate.
    private List<byte[]> _chain;
    private readonly Dictionary<string, byte[]> _known = new(StringComparer.Ordinal);
    private TcpListener _listener;
    private CancellationTokenSource _stopping = new();
    private Task _accepting;

    public FakeChainNode(IEnumerable<byte[]> chain)
    {
        _chain = [];
        Switch(chain);
        (_listener, _accepting) = Start(0);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
    }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}/");

    /// <summary><c>name:password</c> that it wants; null for anybody.</summary>
    public string? Login { get; set; }

    /// <summary>How long each answer takes.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Called with each question's method before it is answered.</summary>
    public Action<string>? OnQuestion { get; set; }

    /// <summary>The methods that were asked, in order.</summary>
    public IReadOnlyList<string> Questions
    {
        get
        {
            lock (_gate)
            {
                return [.. _questions];
            }
        }
    }

    /// <summary>Makes another chain the node's. Blocks of the older ones are still there by their hash.</summary>
    public void Switch(IEnumerable<byte[]> chain)
    {
        lock (_gate)
        {
            _chain = [.. chain];
            foreach (var block in _chain)
            {
                _known[BlockBuilder.NameOf(block)] = block;
            }
        }
    }

    /// <summary>Lets the next answers fail, one fault each.</summary>
    public void Fail(params NodeFault[] faults)
    {
        lock (_gate)
        {
            foreach (var fault in faults)
            {
                _faults.Enqueue(fault);
            }
        }
    }

    /// <summary>Stops listening and cuts what is open.</summary>
    public async Task GoAwayAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
            _connections.Clear();
        }

        await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    /// <summary>Listens again where it did.</summary>
    public void Return()
    {
        _stopping = new CancellationTokenSource();
        (_listener, _accepting) = Start(Port);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await GoAwayAsync();
        }
    }

    private (TcpListener, Task) Start(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start();
        return (listener, AcceptAsync(listener, _stopping.Token));
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken stopping)
    {
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync(stopping);
            lock (_gate)
            {
                _connections.Add(ServeAsync(client, stopping));
            }
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken stopping)
    {
        using (client)
        {
            var stream = client.GetStream();
            while (await ReadAsync(stream, stopping) is { } request)
            {
                if (!await AnswerAsync(stream, request, stopping))
                {
                    return;
                }
            }
        }
    }

    private static async Task<string?> ReadAsync(NetworkStream stream, CancellationToken stopping)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (true)
        {
            var count = await stream.ReadAsync(buffer, stopping);
            if (count == 0)
            {
                return null;
            }

            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            var whole = text.ToString();
            var end = whole.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            var at = whole.IndexOf("Content-Length:", StringComparison.OrdinalIgnoreCase);
            if (end >= 0 && at >= 0
                && whole.Length - end - 4 >= int.Parse(whole[(at + 15)..whole.IndexOf('\r', at)], System.Globalization.CultureInfo.InvariantCulture))
            {
                return whole;
            }
        }
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, string request, CancellationToken stopping)
    {
        using var question = JsonDocument.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        var method = question.RootElement.GetProperty("method").GetString()!;
        NodeFault fault;
        lock (_gate)
        {
            _questions.Add(method);
            _faults.TryDequeue(out fault);
        }

        OnQuestion?.Invoke(method);
        await Task.Delay(Delay, stopping);
        switch (fault)
        {
            case NodeFault.Disconnect:
                return false;
            case NodeFault.Silence:
                await Task.Delay(Timeout.Infinite, stopping);
                return false;
            case NodeFault.Busy:
                await WriteAsync(stream, 503, "Work queue depth exceeded", stopping);
                return true;
            case NodeFault.Nonsense:
                await WriteAsync(stream, 200, "<html>not a node</html>", stopping);
                return true;
            case NodeFault.Starting:
                await WriteAsync(stream, 500, Error(-28, "Loading block index..."), stopping);
                return true;
            case NodeFault.HalfAnAnswer:
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{\"result\":\"00"u8.ToArray(), stopping);
                return false;
        }

        if (Login is { } login && !request.Contains("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(login)), StringComparison.Ordinal))
        {
            await WriteAsync(stream, 401, "", stopping);
            return true;
        }

        var answer = Answer(method, question.RootElement.GetProperty("params"), fault);
        await WriteAsync(stream, answer.StartsWith("{\"result\":null", StringComparison.Ordinal) ? 500 : 200, answer, stopping);
        return true;
    }

    private string Answer(string method, JsonElement parameters, NodeFault fault)
    {
        lock (_gate)
        {
            switch (method)
            {
                case "getblockcount":
                    return Result($"{_chain.Count - 1}");
                case "getblockhash":
                    var height = parameters[0].GetInt32();
                    return height < _chain.Count ? Result($"\"{BlockBuilder.NameOf(_chain[height])}\"") : Error(-8, "Block height out of range");
                case "getblock":
                    Assert.Equal(0, parameters[1].GetInt32());
                    return (fault, _known.GetValueOrDefault(parameters[0].GetString()!)) switch
                    {
                        (NodeFault.OtherBlock, _) => Result($"\"{Convert.ToHexStringLower(_chain[0])}\""),
                        (NodeFault.Pruned, _) => Error(-1, "Block not available (pruned data)"),
                        (_, { } block) => Result($"\"{Convert.ToHexStringLower(block)}\""),
                        _ => Error(-5, "Block not found"),
                    };
                default:
                    return Error(-32601, "Method not found");
            }
        }
    }

    private static string Result(string json) => $$"""{"result":{{json}},"error":null,"id":1}""";

    private static string Error(int code, string message) => $$$"""{"result":null,"error":{"code":{{{code}}},"message":"{{{message}}}"},"id":1}""";

    private static async Task WriteAsync(NetworkStream stream, int status, string body, CancellationToken stopping)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var head = $"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {bytes.Length}\r\n\r\n";
        await stream.WriteAsync((byte[])[.. Encoding.UTF8.GetBytes(head), .. bytes], stopping);
    }
}
