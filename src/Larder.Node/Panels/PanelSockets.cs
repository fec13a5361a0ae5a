using System.Collections.Immutable;
using System.Net.WebSockets;
using Larder.Handlers.Contract;

namespace Larder.Node.Panels;

/// <summary>
/// The clients of one panel. What changes the state and what tells of it happen under one lock, so that a client that
/// comes meanwhile misses no change and hears of none twice. Safe for many threads.
/// </summary>
internal sealed class PanelSockets(PanelState state, string panel, int maxSockets, TimeProvider clock)
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private ImmutableArray<PanelSocket> _sockets = [];
    private bool _isClosed;

    /// <summary>Clients that are connected.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _sockets.Length;
            }
        }
    }

    /// <summary>Adds a client and greets it; false when there are too many or the panel is gone.</summary>
    public bool TryAdd(PanelSocket socket)
    {
        lock (_gate)
        {
            if (_isClosed || _sockets.Length >= maxSockets)
            {
                return false;
            }

            _sockets = _sockets.Add(socket);
            socket.Send(PanelMessages.Connected(panel, state.Current));
            return true;
        }
    }

    /// <summary>Forgets a client.</summary>
    public void Remove(PanelSocket socket)
    {
        lock (_gate)
        {
            _sockets = _sockets.Remove(socket);
        }
    }

    /// <summary>Applies the effects of a result and tells of them; false, with nothing done, when the state became too large.</summary>
    public bool TryApply(HandlerResult result)
    {
        lock (_gate)
        {
            if (!state.TryApply(result.StateMutations))
            {
                return false;
            }

            Tell(result);
            return true;
        }
    }

    /// <summary>Tells every client, or those that want progress.</summary>
    public void Broadcast(ReadOnlyMemory<byte> message, bool isProgress = false)
    {
        lock (_gate)
        {
            foreach (var socket in _sockets)
            {
                if (!isProgress || socket.Topics.HasProgress)
                {
                    socket.Send(message);
                }
            }
        }
    }

    /// <summary>Closes every client, and every one that still comes.</summary>
    public void Close(WebSocketCloseStatus status, string reason)
    {
        ImmutableArray<PanelSocket> sockets;
        lock (_gate)
        {
            _isClosed = true;
            sockets = _sockets;
        }

        foreach (var socket in sockets)
        {
            socket.Close(status, reason);
        }
    }

    // Patches first, then events, then views. For whoever holds the gate.
    private void Tell(HandlerResult result)
    {
        if (_sockets.IsEmpty)
        {
            return;
        }

        var time = clock.GetUtcNow();
        TellPatch(result.StateMutations, time);
        foreach (var handlerEvent in result.Events)
        {
            var message = PanelMessages.Event(handlerEvent, time);
            foreach (var socket in _sockets)
            {
                if (socket.Topics.HasEvent(handlerEvent.Name))
                {
                    socket.Send(message);
                }
            }
        }

        foreach (var command in result.ViewCommands)
        {
            var message = PanelMessages.View(command);
            foreach (var socket in _sockets)
            {
                if (socket.Topics.HasViews)
                {
                    socket.Send(message);
                }
            }
        }
    }

    private void TellPatch(ImmutableArray<StateMutation> mutations, DateTimeOffset time)
    {
        if (mutations.IsDefaultOrEmpty)
        {
            return;
        }

        var version = state.Current.Version;
        var whole = PanelMessages.Patch(mutations, version, time);
        foreach (var socket in _sockets)
        {
            var topics = socket.Topics;
            if (topics.HasState)
            {
                socket.Send(whole);
                continue;
            }

            var wanted = mutations.RemoveAll(mutation => !topics.HasKey(mutation.Key));
            if (!wanted.IsEmpty)
            {
                socket.Send(PanelMessages.Patch(wanted, version, time));
            }
        }
    }
}
