using System.Buffers;
using System.Runtime.CompilerServices;
using Larder.Cache.Redis.Protocol;

namespace Larder.Cache.Redis.Connections;

// Receiving: one loop for as long as the connection lives.
internal sealed partial class RespConnection
{
    private async Task ReadAllAsync()
    {
        try
        {
            while (true)
            {
                RespHead head;
                while (!_reader.TryReadHead(out head))
                {
                    await _reader.FillAsync(_closing.Token).ConfigureAwait(false);
                }

                await TakeAsync(head).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            Fail(Describe(exception));
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask TakeAsync(RespHead head)
    {
        if (head.IsAttribute || head.Type == RespType.Push)
        {
            await _reader.ReadTreeAsync(head with { IsAttribute = false }, _closing.Token).ConfigureAwait(false);
            return;
        }

        if (!_awaiting.TryPeek(out var operation))
        {
            throw new RespProtocolException(head.Text is null ? "a reply came that nobody asked for" : $"it said: {head.Text}");
        }

        if (operation.Leading > 0)
        {
            operation.Leading--;
            await _reader.ReadTreeAsync(head, _closing.Token).ConfigureAwait(false);
            return;
        }

        var reply = await ReceiveAsync(operation, head).ConfigureAwait(false);

        // When the connection fails meanwhile, others empty the queue, and this reply belongs to nobody.
        if (!_awaiting.TryDequeue(out var first) || first != operation)
        {
            throw new IOException("it was closed");
        }

        Volatile.Write(ref _announced, 0);
        Volatile.Write(ref _oldestSince, _time.GetTimestamp());
        Interlocked.Decrement(ref _pending);
        first.Answer(reply);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RespReply> ReceiveAsync(RespOperation operation, RespHead head)
    {
        switch (head.Type)
        {
            case RespType.Error:
                return new RespReply
                {
                    Type = RespType.Error, Text = await _reader.ReadErrorAsync(head, _closing.Token).ConfigureAwait(false),
                };
            case RespType.Bulk when operation.Want != RespWant.Tree:
                return await ReceiveBulkAsync(operation, head.Number).ConfigureAwait(false);
            case RespType.Bulk or RespType.Array:
                var tree = await _reader.ReadTreeAsync(head, _closing.Token).ConfigureAwait(false);
                return new RespReply { Type = head.Type, Tree = operation.Want == RespWant.Tree ? tree : null };
            default:
                return new RespReply { Type = head.Type, Number = head.Number, Text = head.Text };
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RespReply> ReceiveBulkAsync(RespOperation operation, long length)
    {
        Volatile.Write(ref _announced, length);
        var limit = operation.Want switch
        {
            RespWant.Rented => operation.MaxBytes,
            RespWant.InPlace => operation.Destination.Length,
            _ => -1,
        };
        if (length > limit || operation.HasEnded)
        {
            await _reader.SkipBulkAsync(length, _closing.Token).ConfigureAwait(false);
            return new RespReply { Type = RespType.Bulk, Number = length, IsTooLong = true };
        }

        var buffer = operation.Want == RespWant.Rented ? ArrayPool<byte>.Shared.Rent((int)length) : null;
        var destination = buffer is null ? operation.Destination[..(int)length] : buffer.AsMemory(0, (int)length);
        if (!_reader.TryReadBulk(destination.Span))
        {
            await _reader.ReadBulkAsync(destination, _closing.Token).ConfigureAwait(false);
        }

        return new RespReply { Type = RespType.Bulk, Number = length, Buffer = buffer };
    }
}
