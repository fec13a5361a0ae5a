using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Larder.Tests.Redis;

/// <summary>A server that reads commands and says over TCP exactly what a test wants, well formed or not.</summary>
internal sealed class FakeRedis : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Func<string[], NetworkStream, Task> _answer;
    private readonly Task _accepting;
    private int _opened;

    /// <summary>Starts it. The greeting is refused, as by a server that knows RESP2 only, unless the answer is for it too.</summary>
    /// <param name="answer">Answers a command, or does not.</param>
    public FakeRedis(Func<string[], NetworkStream, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"redis://127.0.0.1:{Port}");

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections that were opened so far.</summary>
    public int Opened => Volatile.Read(ref _opened);

    /// <summary>Commands that came, without the greeting.</summary>
    public ConcurrentQueue<string[]> Commands { get; } = new();

    public static ValueTask SayAsync(NetworkStream stream, string bytes) => stream.WriteAsync(Encoding.Latin1.GetBytes(bytes));

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
                Interlocked.Increment(ref _opened);
                _connections.Add(ServeAsync(client));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            client.NoDelay = true;
            var stream = client.GetStream();
            try
            {
                while (await ReadCommandAsync(stream) is { } words)
                {
                    if (words[0] == "HELLO")
                    {
                        await SayAsync(stream, "-ERR unknown command 'HELLO'\r\n");
                        continue;
                    }

                    Commands.Enqueue(words);
                    await _answer(words, stream);
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side has gone, or the answer was to break off.
            }
        }
    }

    private async Task<string[]?> ReadCommandAsync(NetworkStream stream)
    {
        if (await ReadLineAsync(stream) is not { Length: > 1 } line)
        {
            return null;
        }

        var words = new string[int.Parse(line.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)];
        for (var i = 0; i < words.Length; i++)
        {
            var length = int.Parse((await ReadLineAsync(stream)).AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
            var bytes = new byte[length + 2];
            await stream.ReadExactlyAsync(bytes, _closing.Token);
            words[i] = Encoding.Latin1.GetString(bytes, 0, length);
        }

        return words;
    }

    private async Task<string> ReadLineAsync(NetworkStream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _closing.Token) > 0 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        return line.ToString().TrimEnd('\r');
    }
}
