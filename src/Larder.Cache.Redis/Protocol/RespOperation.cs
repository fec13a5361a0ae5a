using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;

namespace Larder.Cache.Redis.Protocol;

/// <summary>
/// One command on its way and the reply that it waits for. It keeps its encoded form, so that it can be sent again to
/// another server.
/// </summary>
/// <remarks>
/// It ends well when it was both written and answered, so that its buffers may be used again then. It ends badly at
/// once, when the connection fails or the caller gives up: whatever memory it names may still be read or written for a
/// while, so it must be left to the collector. The operation itself is used again likewise: only after a good end, and only
/// when no cancellation can reach it any more.
/// </remarks>
internal sealed class RespOperation : IValueTaskSource<RespReply>
{
    private const int MaxSpare = 64;

    private static readonly ConcurrentQueue<RespOperation> Spare = new();
    private static int _spares;

    private ManualResetValueTaskSourceCore<RespReply> _core = new() { RunContinuationsAsynchronously = true };
    private byte[] _frame;
    private RespReply _reply;
    private CancellationTokenRegistration _registration;
    private bool _isRegistered;
    private bool _isUnreachable; // For cancellations, after a good end.

    // Ends that are still to come: written and answered.
    private int _open;
    private int _ended;

    public RespOperation(RespCommand command, RespWant want) => Begin(command, want);

    /// <summary>Takes one that has ended, or makes one, for a command whose bulk goes into a rented buffer.</summary>
    public static RespOperation ForRented(RespCommand command, int maxBytes)
    {
        var operation = Take(command, RespWant.Rented);
        operation.MaxBytes = maxBytes;
        return operation;
    }

    /// <summary>Takes one that has ended, or makes one, for a command whose bulk goes to a place of the caller's.</summary>
    public static RespOperation ForPlace(RespCommand command, Memory<byte> destination)
    {
        var operation = Take(command, RespWant.InPlace);
        operation.Destination = destination;
        return operation;
    }

    /// <summary>Bytes of the encoded form, the payload left out.</summary>
    public int Length { get; private set; }

    /// <summary>Where in the encoded form the payload stands.</summary>
    public int Split { get; private set; }

    /// <summary>Sent from where it lies; empty for none.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    public RespWant Want { get; private set; }

    /// <summary>Where the bulk goes, for <see cref="RespWant.InPlace"/>.</summary>
    public Memory<byte> Destination { get; set; }

    /// <summary>Longest bulk that is taken, for <see cref="RespWant.Rented"/>.</summary>
    public int MaxBytes { get; set; }

    /// <summary>Whether the next server has to be asked for a slot that it is just being given.</summary>
    public bool IsAsking { get; set; }

    /// <summary>Replies that come before the one of the command itself. For the connection.</summary>
    public int Leading { get; set; }

    /// <summary>Whether nobody waits for it any more.</summary>
    public bool HasEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>The encoded form.</summary>
    public ReadOnlySpan<byte> Frame => _frame.AsSpan(0, Length);

    /// <summary>Waits for the reply.</summary>
    public ValueTask<RespReply> WaitAsync(CancellationToken cancellationToken)
    {
        _isRegistered = cancellationToken.CanBeCanceled;
        if (_isRegistered)
        {
            _registration = cancellationToken.UnsafeRegister(
                static (state, token) => ((RespOperation)state!).Fail(new OperationCanceledException(token)), this);
        }

        return new ValueTask<RespReply>(this, _core.Version);
    }

    /// <summary>Makes it ready to be sent once more, after an answer.</summary>
    public void Reset()
    {
        _core.Reset();
        _reply = default;
        _open = 2;
        Leading = 0;
        Volatile.Write(ref _ended, 0);
    }

    /// <summary>Gives the encoded form back, after an answer; the operation is over then, and must not be touched any more.</summary>
    public void Release()
    {
        ArrayPool<byte>.Shared.Return(_frame);
        _frame = [];
        if (!_isUnreachable)
        {
            return;
        }

        if (Interlocked.Increment(ref _spares) > MaxSpare)
        {
            Interlocked.Decrement(ref _spares);
            return;
        }

        // Holds on to nothing of its caller's.
        Reset();
        _registration = default;
        (Payload, Destination, MaxBytes, IsAsking) = (default, default, 0, false);
        Spare.Enqueue(this);
    }

    /// <summary>All of it has left.</summary>
    public void Written() => EndOne();

    /// <summary>The reply has come. A rented buffer goes back when nobody waits for it.</summary>
    public void Answer(in RespReply reply)
    {
        _reply = reply;
        EndOne();
    }

    /// <summary>Ends it badly.</summary>
    public void Fail(Exception exception)
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _core.SetException(exception);
        }
    }

    RespReply IValueTaskSource<RespReply>.GetResult(short token)
    {
        // A cancellation that is just coming may still end it, badly or in vain.
        _isUnreachable = !_isRegistered || _registration.Unregister();
        return _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<RespReply>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<RespReply>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private static RespOperation Take(RespCommand command, RespWant want)
    {
        if (!Spare.TryDequeue(out var operation))
        {
            return new RespOperation(command, want);
        }

        Interlocked.Decrement(ref _spares);
        operation.Begin(command, want);
        return operation;
    }

    [MemberNotNull(nameof(_frame))]
    private void Begin(RespCommand command, RespWant want)
    {
        _frame = command.Take(out var length, out var split);
        Length = length;
        Split = split;
        Payload = command.Payload;
        Want = want;
        _open = 2;
    }

    private void EndOne()
    {
        if (Interlocked.Decrement(ref _open) != 0)
        {
            return;
        }

        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _core.SetResult(_reply);
        }
        else
        {
            _reply.Return();
        }
    }
}
