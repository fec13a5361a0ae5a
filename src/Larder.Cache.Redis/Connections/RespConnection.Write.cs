using System.Runtime.CompilerServices;
using Larder.Cache.Redis.Protocol;

namespace Larder.Cache.Redis.Connections;

// Sending: one flush at a time takes what is queued, copies small frames side by side and sends large payloads in steps.
internal sealed partial class RespConnection
{
    private const int ReferenceBytes = 16 * 1024;
    private const int StepBytes = 256 * 1024;

    private readonly byte[] _frames = new byte[64 * 1024];
    private List<RespOperation> _sending = [];
    private int _filled;

    // Operations of _sending that have left whole.
    private int _left;

    private static ReadOnlySpan<byte> Asking => "*1\r\n$6\r\nASKING\r\n"u8;

    // One round; the next is another's, so that no caller sends for the others for ever.
    private async Task FlushAsync()
    {
        try
        {
            if (!TakeQueued())
            {
                return;
            }

            for (var i = 0; i < _sending.Count; i++)
            {
                await SendOneAsync(_sending[i], i).ConfigureAwait(false);
            }

            await SendFramesAsync(_sending.Count).ConfigureAwait(false);
            _sending.Clear();
            _left = 0;
            if (HasQueued())
            {
                FlushSoon();
            }
        }
        catch (Exception exception)
        {
            Fail(Describe(exception));
            FailUnsent();
        }
    }

    private bool TakeQueued()
    {
        lock (_gate)
        {
            if (_queue.Count == 0 || _failure is not null)
            {
                _flushing = false;
                return false;
            }

            (_queue, _sending) = (_sending, _queue);
            return true;
        }
    }

    private bool HasQueued()
    {
        lock (_gate)
        {
            _flushing = _queue.Count > 0 && _failure is null;
            return _flushing;
        }
    }

    private void FlushSoon() =>
        ThreadPool.UnsafeQueueUserWorkItem(static connection => _ = connection.FlushAsync(), this, preferLocal: false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendOneAsync(RespOperation operation, int index)
    {
        if (operation.HasEnded)
        {
            // Given up before it was sent: it takes no reply.
            Interlocked.Decrement(ref _pending);
            return;
        }

        // From here on a reply may come.
        _awaiting.Enqueue(operation);
        if (operation.IsAsking)
        {
            operation.Leading = 1;
            await MakeRoomAsync(Asking.Length, index).ConfigureAwait(false);
            Copy(Asking);
        }

        await MakeRoomAsync(operation.Length, index).ConfigureAwait(false);
        if (operation.Payload.Length < ReferenceBytes)
        {
            Copy(operation.Frame[..operation.Split]);
            await MakeRoomAsync(operation.Payload.Length, index).ConfigureAwait(false);
            Copy(operation.Payload.Span);
        }
        else
        {
            Copy(operation.Frame[..operation.Split]);
            await SendFramesAsync(index).ConfigureAwait(false);
            await SendPayloadAsync(operation.Payload).ConfigureAwait(false);
        }

        await MakeRoomAsync(operation.Length - operation.Split, index).ConfigureAwait(false);
        Copy(operation.Frame[operation.Split..]);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendPayloadAsync(ReadOnlyMemory<byte> payload)
    {
        for (var rest = payload; !rest.IsEmpty;)
        {
            var step = rest[..Math.Min(rest.Length, StepBytes)];
            await _stream.WriteAsync(step, _closing.Token).ConfigureAwait(false);
            Volatile.Write(ref _movedAt, _time.GetTimestamp());
            rest = rest[step.Length..];
        }
    }

    private ValueTask MakeRoomAsync(int length, int index) =>
        _frames.Length - _filled >= length ? ValueTask.CompletedTask : SendFramesAsync(index);

    private void Copy(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_frames.AsSpan(_filled));
        _filled += bytes.Length;
    }

    /// <summary>Sends what was copied; then every operation before <paramref name="index"/> has left whole.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendFramesAsync(int index)
    {
        if (_filled > 0)
        {
            await _stream.WriteAsync(_frames.AsMemory(0, _filled), _closing.Token).ConfigureAwait(false);
            _filled = 0;
            Volatile.Write(ref _movedAt, _time.GetTimestamp());
        }

        for (; _left < index; _left++)
        {
            _sending[_left].Written();
        }
    }

    // What the failed flush had taken and not sent is in no queue, so that nobody else ends it.
    private void FailUnsent()
    {
        for (var i = _left; i < _sending.Count; i++)
        {
            _sending[i].Fail(Volatile.Read(ref _failure)!); // Set by the caller.
        }
    }
}
