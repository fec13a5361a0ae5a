using System.Collections.Concurrent;

namespace Larder.Node.Transport;

/// <summary>
/// One thread that receives for many connections and runs what the received bytes set going, for as long as that does
/// not wait for anything.
/// </summary>
/// <remarks>
/// <para>
/// A request that is answered from the page cache never leaves the thread that received it: no queue, no second thread
/// to wake. Whoever must wait, for a disk or for anybody else, leaves the loop first
/// (<see cref="LoopConnection.LeaveLoopAsync"/>).
/// </para>
/// <para>
/// A handler that blocks all the same holds the loop up until <see cref="Relieve"/> finds it: then another thread takes
/// over, beginning with the events that the stuck one has not come to, and the stuck one ends when it comes back. Who
/// runs the loop is the upper part of <see cref="_state"/>, whose lowest bit says that a handler is running: the end
/// of a handler and the relief are exchanges on it, and one of them fails.
/// </para>
/// </remarks>
internal sealed class EventLoop : IDisposable
{
    private const int EventsAtOnce = 64;

    [ThreadStatic]
    private static bool _isCurrent;

    private readonly string _name;
    private readonly Epoll _epoll = new();
    private readonly ConcurrentDictionary<long, LoopConnection> _connections = new();

    // Written by whoever runs the loop; the relief takes them over.
    private readonly byte[] _events = new byte[EventsAtOnce * Epoll.EventBytes];
    private int _count;
    private int _next;
    private long _handled;

    // The generation of the running thread, times two, plus one while it is in a handler.
    private long _state = 2;

    // What Relieve saw last; only it uses them.
    private long _seenState;
    private long _seenHandled;

    private volatile bool _isClosing;
    private volatile Thread _thread;

    public EventLoop(string name)
    {
        _name = name;
        _thread = Start(1);
    }

    /// <summary>Whether the calling thread receives for many and must not wait.</summary>
    public static bool IsCurrent => _isCurrent;

    /// <summary>Begins to watch a connection.</summary>
    /// <exception cref="IOException">The kernel takes no more sockets.</exception>
    public void Add(LoopConnection connection)
    {
        _connections[connection.Number] = connection;
        try
        {
            _epoll.Add(connection.Handle, connection.Number);
        }
        catch
        {
            _connections.TryRemove(connection.Number, out _);
            throw;
        }
    }

    /// <summary>Forgets a connection; closing its socket ends the events.</summary>
    public void Remove(LoopConnection connection) => _connections.TryRemove(connection.Number, out _);

    /// <summary>
    /// Gives the loop another thread when the one it has is still in the handler that the last call saw it in. For one
    /// caller, from time to time.
    /// </summary>
    public void Relieve()
    {
        var state = Interlocked.Read(ref _state);
        var handled = Volatile.Read(ref _handled);
        var isStuck = (state & 1) == 1 && state == _seenState && handled == _seenHandled;
        _seenState = state;
        _seenHandled = handled;
        if (isStuck && Interlocked.CompareExchange(ref _state, state + 1, state) == state)
        {
            _thread = Start((state + 1) / 2);
        }
    }

    /// <summary>Ends the loop. A thread that is stuck in a handler ends when it comes back.</summary>
    public void Dispose()
    {
        _isClosing = true;
        _epoll.Wake();
        if (!IsCurrent)
        {
            // A thread that does not come is stuck; the handles below are counted and outlive its use of them.
            _thread.Join(TimeSpan.FromSeconds(1));
        }

        _epoll.Dispose();
    }

    private Thread Start(long generation)
    {
        var thread = new Thread(() => Run(generation)) { IsBackground = true, Name = _name };
        thread.Start();
        return thread;
    }

    private void Run(long generation)
    {
        _isCurrent = true;
        var free = generation * 2;
        while (!_isClosing)
        {
            if (_next == _count)
            {
                _count = 0;
                _next = 0;
                _count = _epoll.Wait(_events);
            }

            while (_next < _count)
            {
                var number = Epoll.Read(_events, _next, out var isHangUp);

                // Moved on before the handler runs, so that the relief begins behind it.
                _next++;
                _handled++;
                Volatile.Write(ref _state, free + 1);
                if (_connections.TryGetValue(number, out var connection))
                {
                    connection.OnReady(isHangUp);
                }

                if (Interlocked.CompareExchange(ref _state, free, free + 1) != free + 1)
                {
                    return;
                }
            }
        }
    }
}
