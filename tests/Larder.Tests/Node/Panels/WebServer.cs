using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Larder.Tests.Node.Panels;

/// <summary>An HTTP server that answers every request as a test says, and remembers what it was asked.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, string> _answer;
    private readonly Task _accepting;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<string> _requests = [];

    /// <param name="answer">Gives the whole answer, headers included, for the whole request.</param>
    public WebServer(Func<string, string> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://localhost:{Port}/";

    /// <summary>When set, answers wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    public static string Json(string body, string headers = "") =>
        $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    public static string Redirect(string location, int status = 302) =>
        $"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var buffer = new byte[64 * 1024];
            var text = string.Empty;
            while (!IsWhole(text))
            {
                var read = await stream.ReadAsync(buffer, _stopping.Token);
                if (read == 0)
                {
                    return;
                }

                text += Encoding.UTF8.GetString(buffer, 0, read);
            }

            lock (_requests)
            {
                _requests.Add(text);
            }

            await Gate.WaitAsync(_stopping.Token);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(_answer(text)), _stopping.Token);
        }
    }

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var at = text.IndexOf("Content-Length:", StringComparison.OrdinalIgnoreCase);
        var length = at < 0 || at > end ? 0 : int.Parse(text[(at + 15)..text.IndexOf('\r', at)].Trim(), System.Globalization.CultureInfo.InvariantCulture);
        return end >= 0 && Encoding.UTF8.GetByteCount(text.AsSpan(end + 4)) >= length;
    }
}
