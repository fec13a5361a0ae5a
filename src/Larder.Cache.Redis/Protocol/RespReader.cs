using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;

namespace Larder.Cache.Redis.Protocol;

/// <summary>Reads replies from a stream. For one reader at a time.</summary>
/// <remarks>
/// Nothing is allocated by what the other side announces: lines are limited to the buffer, bulks go to a place of the
/// caller's, and a tree is limited in depth, elements and bytes. Source: the Redis serialization protocol
/// specification, versions 2 and 3.
/// </remarks>
internal sealed class RespReader(Stream stream)
{
    /// <summary>Longest bulk that is believed in, which is also the longest that servers take.</summary>
    public const long MaxBulkBytes = 512L * 1024 * 1024;

    private const int BufferBytes = 64 * 1024;
    private const int MaxDepth = 8;
    private const int MaxElements = 256 * 1024;
    private const int MaxTreeBytes = 16 * 1024 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private long _received;

    /// <summary>Bytes that have come so far. Read by others to see whether anything moves.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Whether a reply has begun to come.</summary>
    public bool HasBuffered => _end > _start;

    /// <summary>Takes the first line of a reply from what has come already; false when it is not all there.</summary>
    /// <exception cref="RespProtocolException">It is no such line.</exception>
    public bool TryReadHead(out RespHead head)
    {
        var rest = _buffer.AsSpan(_start, _end - _start);
        var length = rest.IndexOf((byte)'\n');
        if (length < 0)
        {
            head = default;
            return rest.Length < BufferBytes ? false : throw new RespProtocolException("a line of a reply is too long");
        }

        if (length < 2 || rest[length - 1] != '\r')
        {
            throw new RespProtocolException("a line of a reply does not end as it must");
        }

        head = ParseHead(rest[0], rest[1..(length - 1)]);
        _start += length + 1;
        return true;
    }

    /// <summary>Waits for the first line of a reply.</summary>
    public async ValueTask<RespHead> ReadHeadAsync(CancellationToken cancellationToken)
    {
        RespHead head;
        while (!TryReadHead(out head))
        {
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        return head;
    }

    /// <summary>Waits until more has come.</summary>
    /// <exception cref="EndOfStreamException">The other side has closed the connection.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }
        else if (_end == BufferBytes)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        _end += await ReceiveAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a bulk from what has come already; false when it is not all there.</summary>
    public bool TryReadBulk(Span<byte> destination)
    {
        if (_end - _start < destination.Length + 2)
        {
            return false;
        }

        _buffer.AsSpan(_start, destination.Length).CopyTo(destination);
        _start += destination.Length;
        TakeLineEnd();
        return true;
    }

    /// <summary>Reads the bytes of a bulk straight into <paramref name="destination"/>, which is as long as it is.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReadBulkAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var buffered = Math.Min(_end - _start, destination.Length);
        _buffer.AsSpan(_start, buffered).CopyTo(destination.Span);
        _start += buffered;
        for (var rest = destination[buffered..]; !rest.IsEmpty;)
        {
            rest = rest[await ReceiveAsync(rest, cancellationToken).ConfigureAwait(false)..];
        }

        await SkipLineEndAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Passes over the bytes of a bulk.</summary>
    public async ValueTask SkipBulkAsync(long length, CancellationToken cancellationToken)
    {
        while (length > 0)
        {
            if (_start == _end)
            {
                await FillAsync(cancellationToken).ConfigureAwait(false);
            }

            var taken = (int)Math.Min(_end - _start, length);
            _start += taken;
            length -= taken;
        }

        await SkipLineEndAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The sentence of an error, which RESP3 may send as a bulk.</summary>
    public async ValueTask<string> ReadErrorAsync(RespHead head, CancellationToken cancellationToken)
    {
        if (head.Text is { } line)
        {
            return line;
        }

        var bytes = new byte[head.Number];
        await ReadBulkAsync(bytes, cancellationToken).ConfigureAwait(false);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Reads the rest of a reply whose first line was read.</summary>
    public async ValueTask<RespValue> ReadTreeAsync(RespHead head, CancellationToken cancellationToken)
    {
        var budget = new TreeBudget { Elements = MaxElements, Bytes = MaxTreeBytes };
        return await ReadTreeAsync(head, budget, MaxDepth, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<RespValue> ReadTreeAsync(
        RespHead head, TreeBudget budget, int depth, CancellationToken cancellationToken)
    {
        while (head.IsAttribute)
        {
            await ReadItemsAsync(head.Number, budget, depth, cancellationToken).ConfigureAwait(false);
            head = await ReadHeadAsync(cancellationToken).ConfigureAwait(false);
        }

        switch (head.Type)
        {
            case RespType.Bulk:
                budget.Take(1, head.Number);
                var bytes = new byte[head.Number];
                await ReadBulkAsync(bytes, cancellationToken).ConfigureAwait(false);
                return new RespValue(head.Type, 0, bytes, [], null);
            case RespType.Error when head.Text is null:
                return new RespValue(head.Type, 0, null, [], await ReadErrorAsync(head, cancellationToken).ConfigureAwait(false));
            case RespType.Array or RespType.Push:
                var items = await ReadItemsAsync(head.Number, budget, depth, cancellationToken).ConfigureAwait(false);
                return new RespValue(head.Type, 0, null, items, null);
            default:
                budget.Take(1, head.Text?.Length ?? 0);
                return new RespValue(head.Type, head.Number, null, [], head.Text);
        }
    }

    private async ValueTask<RespValue[]> ReadItemsAsync(
        long count, TreeBudget budget, int depth, CancellationToken cancellationToken)
    {
        if (depth == 0)
        {
            throw new RespProtocolException("a reply is nested too deeply");
        }

        budget.Take(count, 0);

        // Grows with what comes, not with what is announced.
        var items = new List<RespValue>((int)Math.Min(count, 64));
        for (var i = 0L; i < count; i++)
        {
            var head = await ReadHeadAsync(cancellationToken).ConfigureAwait(false);
            items.Add(await ReadTreeAsync(head, budget, depth - 1, cancellationToken).ConfigureAwait(false));
        }

        return [.. items];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = await stream.ReadAsync(destination, cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            throw new EndOfStreamException("the server closed the connection");
        }

        Volatile.Write(ref _received, _received + read);
        return read;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SkipLineEndAsync(CancellationToken cancellationToken)
    {
        while (_end - _start < 2)
        {
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        TakeLineEnd();
    }

    private void TakeLineEnd()
    {
        if (_buffer[_start] != '\r' || _buffer[_start + 1] != '\n')
        {
            throw new RespProtocolException("a bulk does not end where it said");
        }

        _start += 2;
    }

    private static RespHead ParseHead(byte mark, ReadOnlySpan<byte> line) => mark switch
    {
        (byte)'+' => new RespHead(RespType.Status, 0, Encoding.UTF8.GetString(line)),
        (byte)'-' => new RespHead(RespType.Error, 0, Encoding.UTF8.GetString(line)),
        (byte)':' => new RespHead(RespType.Integer, ParseNumber(line)),
        (byte)'$' or (byte)'=' => ParseLength(RespType.Bulk, line, MaxBulkBytes),
        (byte)'!' => ParseLength(RespType.Error, line, BufferBytes),
        (byte)'*' or (byte)'~' => ParseLength(RespType.Array, line, MaxElements),
        (byte)'%' => Doubled(ParseLength(RespType.Array, line, MaxElements / 2)),
        (byte)'|' => Doubled(ParseLength(RespType.Array, line, MaxElements / 2)) with { IsAttribute = true },
        (byte)'>' => ParseLength(RespType.Push, line, MaxElements),
        (byte)'_' => new RespHead(RespType.Null, 0),
        (byte)'#' => new RespHead(RespType.Integer, line is [(byte)'t'] ? 1 : 0),
        (byte)',' or (byte)'(' => new RespHead(RespType.Status, 0, Encoding.UTF8.GetString(line)),
        _ => throw new RespProtocolException($"a reply begins with the byte 0x{mark:x2}"),
    };

    private static RespHead Doubled(RespHead head) => head with { Number = head.Number * 2 };

    private static RespHead ParseLength(RespType type, ReadOnlySpan<byte> line, long max)
    {
        var length = ParseNumber(line);
        return length switch
        {
            -1 => new RespHead(RespType.Null, 0),
            < 0 => throw new RespProtocolException("a length of a reply is negative"),
            _ => length <= max ? new RespHead(type, length) : throw new RespProtocolException($"a reply of length {length} is too long"),
        };
    }

    private static long ParseNumber(ReadOnlySpan<byte> line) =>
        Utf8Parser.TryParse(line, out long number, out var used) && used == line.Length
            ? number
            : throw new RespProtocolException("a number of a reply is none");

    private sealed class TreeBudget
    {
        public long Elements { get; set; }

        public long Bytes { get; set; }

        public void Take(long elements, long bytes)
        {
            Elements -= elements;
            Bytes -= bytes;
            if (Elements < 0 || Bytes < 0)
            {
                throw new RespProtocolException("a reply holds more than is read");
            }
        }
    }
}
