namespace Larder.Indexer.Blocks;

/// <summary>
/// Reads a stream whose own reads cannot be cancelled, such as standard input, so that waiting for it can be. A read that was given
/// up goes on into a buffer of this stream's own, and the next one gets its bytes.
/// </summary>
internal sealed class InterruptibleStream(Stream inner) : Stream
{
    private readonly byte[] _buffer = new byte[128 * 1024];
    private Task<int>? _reading;
    private int _start;
    private int _end;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_start == _end)
        {
            _reading ??= Task.Run(() => inner.Read(_buffer), CancellationToken.None);
            var count = await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
            _reading = null;
            (_start, _end) = (0, count);
        }

        var taken = Math.Min(buffer.Length, _end - _start);
        _buffer.AsMemory(_start, taken).CopyTo(buffer);
        _start += taken;
        return taken;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
