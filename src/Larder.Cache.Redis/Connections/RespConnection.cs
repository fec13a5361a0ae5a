using System.Collections.Concurrent;
using Larder.Cache.Redis.Protocol;

namespace Larder.Cache.Redis.Connections;

/// <summary>
/// One pipelined connection: any number of operations in flight, answered in the order in which they were sent.
/// </summary>
/// <remarks>
/// Small commands that come while others are being sent leave together; large payloads are sent from where they lie and
/// large replies received where they belong. A watch closes the connection when nothing moves for the reply time, or
/// when the oldest operation takes longer than its bytes need at the slowest rate that is waited for. Whatever ends the
/// connection ends all of its operations at once. Safe for use by many threads.
/// </remarks>
internal sealed partial class RespConnection : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly RespReader _reader;
    private readonly ConnectionLimits _limits;
    private readonly TimeProvider _time;
    private readonly string _name;
    private readonly ConcurrentQueue<RespOperation> _awaiting = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly ITimer _watch;
    private readonly Task _reading;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private List<RespOperation> _queue = [];
    private CacheException? _failure;
    private bool _flushing;

    private int _pending;

    // Timestamps of the last time that anything moved, and that another operation became the oldest.
    private long _movedAt;
    private long _oldestSince;
    private long _seenReceived;

    // Length of the bulk that is being received.
    private long _announced;

    /// <summary>Takes a connection over that is ready for commands.</summary>
    public RespConnection(string name, Stream stream, RespReader reader, ConnectionLimits limits, TimeProvider time)
    {
        _name = name;
        _stream = stream;
        _reader = reader;
        _limits = limits;
        _time = time;
        _movedAt = _oldestSince = time.GetTimestamp();
        var period = TimeSpan.FromMilliseconds(Math.Clamp(limits.ReplyTimeout.TotalMilliseconds / 4, 10, 500));
        _watch = time.CreateTimer(static state => ((RespConnection)state!).Watch(), this, period, period);
        _reading = Task.Run(ReadAllAsync);
    }

    /// <summary>Whether it can still be used, as far as is known.</summary>
    public bool IsOpen => Volatile.Read(ref _failure) is null;

    /// <summary>Operations that are waited for.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Sends an operation and waits for its reply.</summary>
    /// <exception cref="CacheException">The connection failed; the operation may have been carried out or not.</exception>
    public ValueTask<RespReply> SendAsync(RespOperation operation, CancellationToken cancellationToken)
    {
        var reply = operation.WaitAsync(cancellationToken);
        bool isIdle;
        lock (_gate)
        {
            if (_failure is { } failure)
            {
                operation.Fail(failure);
                return reply;
            }

            _queue.Add(operation);
            isIdle = Interlocked.Increment(ref _pending) == 1;
            if (isIdle)
            {
                var now = _time.GetTimestamp();
                Volatile.Write(ref _movedAt, now);
                Volatile.Write(ref _oldestSince, now);
            }

            if (_flushing)
            {
                return reply;
            }

            _flushing = true;
        }

        // With nothing in flight there is nobody to wait for. Otherwise those who are about to continue get their turn
        // first, so that their commands leave together with this one.
        if (isIdle)
        {
            _ = FlushAsync();
        }
        else
        {
            FlushSoon();
        }

        return reply;
    }

    public async ValueTask DisposeAsync()
    {
        Fail(RedisFailures.Broken($"the connection to {_name} was closed"));
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _closing.Dispose();
    }

    private void Watch()
    {
        if (Volatile.Read(ref _pending) == 0)
        {
            return;
        }

        var received = _reader.Received;
        if (received != _seenReceived)
        {
            _seenReceived = received;
            Volatile.Write(ref _movedAt, _time.GetTimestamp());
        }

        if (_time.GetElapsedTime(Volatile.Read(ref _movedAt)) > _limits.ReplyTimeout)
        {
            Fail(RedisFailures.Overdue($"nothing was heard of {_name} for {_limits.ReplyTimeout.TotalSeconds:0.###} s"));
        }
        else if (_awaiting.TryPeek(out var oldest)
            && _time.GetElapsedTime(Volatile.Read(ref _oldestSince)) is var age
            && age > _limits.ReplyTimeout + TimeSpan.FromSeconds((double)(oldest.Payload.Length + Volatile.Read(ref _announced)) / _limits.MinBytesPerSecond))
        {
            Fail(RedisFailures.Overdue($"{_name} took more than {age.TotalSeconds:0.###} s for one reply"));
        }
    }

    /// <summary>Ends the connection and everything that waits for it, once.</summary>
    private void Fail(CacheException failure)
    {
        List<RespOperation> queued;
        lock (_gate)
        {
            if (_failure is not null)
            {
                return;
            }

            Volatile.Write(ref _failure, failure);
            queued = _queue;
            _queue = [];
        }

        _watch.Dispose();
        _closing.Cancel();
        _stream.Dispose();
        foreach (var operation in queued)
        {
            operation.Fail(failure);
        }

        while (_awaiting.TryDequeue(out var operation))
        {
            operation.Fail(failure);
        }
    }

    private CacheException Describe(Exception exception) => exception switch
    {
        CacheException known => known,
        RespProtocolException => RedisFailures.Broken($"{_name} does not speak the protocol: {exception.Message}", exception),
        _ => RedisFailures.Broken($"the connection to {_name} broke off: {exception.Message}", exception),
    };
}
