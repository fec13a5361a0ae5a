using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Larder.Tests.Node.Panels;

/// <summary>A client of a panel's socket.</summary>
internal sealed class PanelClient : IDisposable
{
    private readonly ClientWebSocket _socket = new();

    public WebSocket Socket => _socket;

    /// <summary>Connects and takes the greeting.</summary>
    public static async Task<PanelClient> OpenAsync(Uri address, string panel, string query = "")
    {
        var client = new PanelClient();
        await client._socket.ConnectAsync(new Uri($"ws://127.0.0.1:{address.Port}/panels/{panel}/ws{query}"), Limit());
        client.Greeting = await client.ReceiveAsync();
        Assert.Equal("CONNECTED", client.Greeting.GetProperty("type").GetString());
        return client;
    }

    /// <summary>The first message.</summary>
    public JsonElement Greeting { get; private set; }

    public Task SendAsync(string json) =>
        _socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, endOfMessage: true, Limit());

    /// <summary>The next message; undefined when the server closed the socket.</summary>
    public async Task<JsonElement> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var piece = new byte[16 * 1024];
        while (true)
        {
            var received = await _socket.ReceiveAsync(piece.AsMemory(), Limit());
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return default;
            }

            await message.WriteAsync(piece.AsMemory(0, received.Count));
            if (received.EndOfMessage)
            {
                return JsonElement.Parse(message.ToArray());
            }
        }
    }

    /// <summary>The next messages.</summary>
    public async Task<List<JsonElement>> ReceiveAsync(int count)
    {
        var messages = new List<JsonElement>();
        while (messages.Count < count)
        {
            messages.Add(await ReceiveAsync());
        }

        return messages;
    }

    /// <summary>Types of the next messages.</summary>
    public async Task<string> TypesAsync(int count) =>
        string.Join(' ', (await ReceiveAsync(count)).Select(static message => message.GetProperty("type").GetString()));

    /// <summary>Waits until the server has closed the socket, and answers in kind.</summary>
    public async Task<(WebSocketCloseStatus? Status, string? Reason)> WaitForCloseAsync()
    {
        while ((await ReceiveAsync()).ValueKind != JsonValueKind.Undefined)
        {
        }

        var (status, reason) = (_socket.CloseStatus, _socket.CloseStatusDescription);
        if (_socket.State == WebSocketState.CloseReceived)
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Limit());
        }

        return (status, reason);
    }

    public void Dispose() => _socket.Dispose();

    private static CancellationToken Limit() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
}
