using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Larder.Tests.Node;

/// <summary>A TCP connection that says exactly what a test wants to say, and reads HTTP/1.1 answers strictly.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly List<byte> _unread = [];

    private RawConnection(Socket socket) => _socket = socket;

    public static async Task<RawConnection> OpenAsync(Uri address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, address.Port);
        return new RawConnection(socket);
    }

    public async Task SendAsync(string text) => await _socket.SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes) => await _socket.SendAsync(bytes);

    /// <summary>Says that nothing more comes, and goes on listening.</summary>
    public void HalfClose() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Waits until something has arrived, and leaves it there.</summary>
    public async Task ArrivedAsync(int timeoutSeconds = 60)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(timeoutSeconds));
        await _socket.ReceiveAsync(Memory<byte>.Empty, timeout.Token);
    }

    /// <summary>Reads one answer; null when the connection ends before one begins.</summary>
    public async Task<RawAnswer?> ReadAsync(bool isHead = false, int timeoutSeconds = 20)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(timeoutSeconds));
        var end = await FindAsync("\r\n\r\n"u8.ToArray(), timeout.Token);
        if (end < 0)
        {
            return null;
        }

        var lines = Encoding.Latin1.GetString([.. _unread[..end]]).Split("\r\n");
        _unread.RemoveRange(0, end + 4);
        var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        var hasBody = !isHead && status >= 200 && status is not (204 or 304);
        var length = hasBody && headers.TryGetValue("Content-Length", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        while (_unread.Count < length)
        {
            if (!await FillAsync(timeout.Token))
            {
                return new RawAnswer(status, headers, [.. _unread], IsWhole: false);
            }
        }

        byte[] body = [.. _unread[..length]];
        _unread.RemoveRange(0, length);
        return new RawAnswer(status, headers, body, IsWhole: true);
    }

    /// <summary>Whether the other side ends the connection within the time.</summary>
    public async Task<bool> IsClosedAsync(int timeoutSeconds = 20)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(timeoutSeconds));
        try
        {
            while (await FillAsync(timeout.Token))
            {
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task<int> FindAsync(byte[] what, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = _unread.ToArray().AsSpan().IndexOf(what);
            if (found >= 0)
            {
                return found;
            }

            if (!await FillAsync(cancellationToken))
            {
                return -1;
            }
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            var read = await _socket.ReceiveAsync(buffer, cancellationToken);
            _unread.AddRange(buffer.AsSpan(0, read));
            return read > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
