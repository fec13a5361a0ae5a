using System.Buffers;

namespace Larder.Cache.Redis.Streams;

/// <summary>Reads a part of a rented buffer and gives it back when disposed.</summary>
internal sealed class RentedStream(byte[] buffer, int offset, int length) : ReadOnlyForwardStream
{
    private byte[]? _buffer = buffer;
    private int _offset = offset;
    private int _left = length;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        var count = Math.Min(_left, buffer.Length);
        _buffer.AsSpan(_offset, count).CopyTo(buffer.Span);
        _offset += count;
        _left -= count;
        return new ValueTask<int>(count);
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        base.Dispose(disposing);
    }
}
