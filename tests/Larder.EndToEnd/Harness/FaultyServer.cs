using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Larder.EndToEnd.Harness;

/// <summary>An HTTP server that breaks every promise in one chosen way. Speaks just enough HTTP/1.1 for that.</summary>
internal sealed class FaultyServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _connections = [];
    private readonly Fault _fault;
    private readonly Task _accepting;
    private long _requests;

    public FaultyServer(Fault fault)
    {
        _fault = fault;
        _listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        if (fault == Fault.PortClosed)
        {
            _listener.Stop();
            _accepting = Task.CompletedTask;
        }
        else
        {
            _accepting = AcceptAsync();
        }
    }

    public string Url { get; }

    /// <summary>Requests seen so far.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
            _connections.Add(ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            while (await ReadRequestAsync(stream) is { } request)
            {
                Interlocked.Increment(ref _requests);
                if (!await AnswerAsync(stream, request.Method, request.Length))
                {
                    return;
                }
            }
        }
    }

    // Returns whether the connection goes on.
    private async Task<bool> AnswerAsync(NetworkStream stream, string method, long length)
    {
        switch (_fault)
        {
            case Fault.Hang:
                await Task.Delay(Timeout.Infinite, _stopping.Token);
                return false;
            case Fault.CutAtOnce:
                return false;
        }

        await SkipAsync(stream, length);
        var body = "these are not the bytes that you are looking for"u8.ToArray();
        switch (_fault)
        {
            case Fault.Error500:
                await WriteAsync(stream, "500 Internal Server Error", 0, []);
                return true;
            case Fault.TruncatedBody when method == "GET":
                await WriteAsync(stream, "200 OK", body.Length * 10, body);
                return false;
            case Fault.WrongBytes when method is "GET" or "HEAD":
                await WriteAsync(stream, "200 OK", body.Length, method == "GET" ? body : []);
                return true;
            case Fault.SlowDrip when method == "GET":
                await WriteAsync(stream, "200 OK", body.Length, []);
                foreach (var letter in body)
                {
                    await stream.WriteAsync(new[] { letter }, _stopping.Token);
                    await Task.Delay(TimeSpan.FromSeconds(1), _stopping.Token);
                }

                return true;
            case Fault.Forbidden:
                await WriteAsync(stream, "403 Forbidden", 0, []);
                return true;
            case Fault.TooLarge when method == "PUT":
                await WriteAsync(stream, "413 Payload Too Large", 0, []);
                return true;
            default:
                await WriteAsync(stream, method == "PUT" ? "201 Created" : "404 Not Found", 0, []);
                return true;
        }
    }

    private async Task WriteAsync(NetworkStream stream, string status, long length, byte[] body)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n"), _stopping.Token);
        await stream.WriteAsync(body, _stopping.Token);
    }

    private async Task SkipAsync(NetworkStream stream, long length)
    {
        var buffer = new byte[64 * 1024];
        while (length > 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length)), _stopping.Token);
            if (read == 0)
            {
                return;
            }

            length -= read;
        }
    }

    private async Task<(string Method, long Length)?> ReadRequestAsync(NetworkStream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (!head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (await stream.ReadAsync(one, _stopping.Token) == 0)
            {
                return null;
            }

            head.Add(one[0]);
        }

        var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n");
        var length = lines.FirstOrDefault(static line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return (lines[0].Split(' ')[0], length is null ? 0 : long.Parse(length.AsSpan("Content-Length:".Length), CultureInfo.InvariantCulture));
    }
}
