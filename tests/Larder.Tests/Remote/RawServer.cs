using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Larder.Tests.Remote;

/// <summary>A server that says over TCP exactly what a test wants, well formed or not.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Func<RawExchange, Task> _handle;
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private int _requests;

    public RawServer(Func<RawExchange, Task> handle)
    {
        _handle = handle;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Requests whose head arrived whole.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public ConcurrentQueue<string> Heads { get; } = new();

    /// <summary>An address at which nobody listens.</summary>
    public static Uri DeadAddress()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}/");
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _listener.Dispose();
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_closing.Token);
                _connections.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            client.NoDelay = true;
            try
            {
                var stream = client.GetStream();
                while (await ReadHeadAsync(stream) is { } head)
                {
                    Interlocked.Increment(ref _requests);
                    Heads.Enqueue(head);
                    var exchange = new RawExchange(head, stream, _closing.Token);
                    await _handle(exchange);
                    if (exchange.Closes)
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // The client has gone, or the test is over.
            }
        }
    }

    private async Task<string?> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _closing.Token) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}

/// <summary>One request and the line to answer it on.</summary>
internal sealed class RawExchange(string head, NetworkStream stream, CancellationToken closing)
{
    public string Method => head[..head.IndexOf(' ', StringComparison.Ordinal)];

    public string Path => head.Split(' ')[1];

    /// <summary>Whether the connection is closed after the handler.</summary>
    public bool Closes { get; set; }

    public CancellationToken Closing => closing;

    public string? Header(string name) => head.Split("\r\n")
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await stream.WriteAsync(bytes, closing);

    /// <summary>A whole answer.</summary>
    public async Task AnswerAsync(int status, string headers, ReadOnlyMemory<byte> body, long? contentLength = null)
    {
        var length = (contentLength ?? body.Length).ToString(CultureInfo.InvariantCulture);
        await SendAsync($"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n");
        await SendAsync(body);
    }

    public Task AnswerAsync(int status, string headers = "") => AnswerAsync(status, headers, default);

    public async Task<byte[]> ReadBodyAsync()
    {
        var body = new byte[int.Parse(Header("Content-Length") ?? "0", CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, closing);
        return body;
    }

    public async Task ReadSomeAsync(int count) => await stream.ReadExactlyAsync(new byte[count], closing);

    /// <summary>Says nothing more until the test is over or the client goes.</summary>
    public async Task HangAsync()
    {
        Closes = true;
        var scratch = new byte[4096];
        while (await stream.ReadAsync(scratch, closing) > 0)
        {
            // Swallow what still comes, so that the sender is not the one that stops.
        }
    }

    /// <summary>Stops reading, so that the sender's buffers fill.</summary>
    public async Task StopReadingAsync()
    {
        Closes = true;
        await Task.Delay(Timeout.Infinite, closing);
    }

    /// <summary>Cuts the connection with a reset.</summary>
    public void Reset()
    {
        Closes = true;
        stream.Socket.LingerState = new LingerOption(true, 0);
    }
}
