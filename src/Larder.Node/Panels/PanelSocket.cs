using System.Net.WebSockets;
using System.Threading.Channels;

namespace Larder.Node.Panels;

/// <summary>
/// One client of a panel. Messages to it wait in a bounded queue: a client that takes them too slowly is closed with a
/// reason, and nobody waits for it. Safe for many threads.
/// </summary>
internal sealed class PanelSocket : IDisposable
{
    /// <summary>How long a closing client may take to take what waits, and to say goodbye.</summary>
    public static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly WebSocket _socket;
    private readonly Channel<ReadOnlyMemory<byte>> _outgoing;
    private readonly int _maxBytes;
    private readonly CancellationTokenSource _aborting = new();
    private readonly Lock _gate = new();

    private long _waitingBytes;

    // Guarded by _gate, set once. Null while the socket is open.
    private (WebSocketCloseStatus Status, string Reason)? _closing;
    private volatile bool _isSlow;
    private volatile TopicSet _topics = TopicSet.Default;

    public PanelSocket(WebSocket socket, PanelOptions options)
    {
        _socket = socket;
        _maxBytes = options.MaxSocketBytes;
        _outgoing = Channel.CreateBounded<ReadOnlyMemory<byte>>(
            new BoundedChannelOptions(options.MaxSocketMessages) { SingleReader = true });
    }

    /// <summary>What the client wants to hear of.</summary>
    public TopicSet Topics
    {
        get => _topics;
        set => _topics = value;
    }

    /// <summary>Why the socket was closed from here; null while it is open or when the client closed it.</summary>
    public string? CloseReason
    {
        get
        {
            lock (_gate)
            {
                return _closing?.Reason;
            }
        }
    }

    /// <summary>Whether the client was closed because it took messages too slowly.</summary>
    public bool IsSlow => _isSlow;

    /// <summary>Queues a message. Never waits.</summary>
    public void Send(ReadOnlyMemory<byte> message)
    {
        if (Interlocked.Add(ref _waitingBytes, message.Length) > _maxBytes || !_outgoing.Writer.TryWrite(message))
        {
            var isOpen = CloseReason is null;
            _isSlow |= isOpen;
            Close(WebSocketCloseStatus.PolicyViolation, "The client takes messages too slowly.");
        }
    }

    /// <summary>Closes the socket once what waits is sent; at once when the client is slow. Never waits.</summary>
    public void Close(WebSocketCloseStatus status, string reason)
    {
        lock (_gate)
        {
            if (_closing is not null)
            {
                return;
            }

            _closing = (status, reason);
            _outgoing.Writer.TryComplete();
            _aborting.CancelAfter(CloseTimeout);
        }
    }

    /// <summary>Serves the client until it leaves or is closed.</summary>
    /// <param name="maxMessageBytes">Longer messages close the socket.</param>
    /// <param name="receive">Hears every message of the client, one after another.</param>
    public async Task RunAsync(int maxMessageBytes, Func<ReadOnlyMemory<byte>, ValueTask> receive)
    {
        var sending = SendAllAsync();
        try
        {
            await ReceiveAllAsync(maxMessageBytes, receive).ConfigureAwait(false);
            Close(WebSocketCloseStatus.NormalClosure, "Goodbye.");
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException)
        {
            Close(WebSocketCloseStatus.NormalClosure, "The connection broke.");
            await _aborting.CancelAsync().ConfigureAwait(false);
        }
        finally
        {
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>To be called after <see cref="RunAsync"/> has ended.</summary>
    public void Dispose() => _aborting.Dispose();

    private async Task ReceiveAllAsync(int maxMessageBytes, Func<ReadOnlyMemory<byte>, ValueTask> receive)
    {
        var buffer = new byte[1024];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(2 * buffer.Length, maxMessageBytes + 1));
            }

            var received = await _socket.ReceiveAsync(buffer.AsMemory(length), _aborting.Token).ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            length += received.Count;
            if (received.MessageType != WebSocketMessageType.Text)
            {
                Close(WebSocketCloseStatus.InvalidMessageType, "Messages are text.");
            }
            else if (length > maxMessageBytes)
            {
                Close(WebSocketCloseStatus.MessageTooBig, $"A message has at most {maxMessageBytes} bytes.");
            }

            if (CloseReason is not null)
            {
                // Goes on until the client closes too, and keeps nothing.
                length = 0;
            }
            else if (received.EndOfMessage)
            {
                await receive(buffer.AsMemory(0, length)).ConfigureAwait(false);
                length = 0;
                buffer = buffer.Length > 64 * 1024 ? new byte[1024] : buffer;
            }
        }
    }

    private async Task SendAllAsync()
    {
        await foreach (var message in _outgoing.Reader.ReadAllAsync(_aborting.Token).ConfigureAwait(false))
        {
            if (_isSlow)
            {
                break;
            }

            await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, _aborting.Token).ConfigureAwait(false);
            Interlocked.Add(ref _waitingBytes, -message.Length);
        }

        (WebSocketCloseStatus Status, string Reason) closing;
        lock (_gate)
        {
            closing = _closing ?? (WebSocketCloseStatus.NormalClosure, "Goodbye.");
        }

        await _socket.CloseOutputAsync(closing.Status, closing.Reason, _aborting.Token).ConfigureAwait(false);
    }
}
