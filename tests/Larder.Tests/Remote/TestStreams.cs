namespace Larder.Tests.Remote;

/// <summary>Repeats a pattern up to a length.</summary>
internal sealed class PatternStream(byte[] pattern, long length) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var at = (int)(Position % pattern.Length);
        var read = (int)Math.Min(Math.Min(count, pattern.Length - at), length - Position);
        pattern.AsSpan(at, read).CopyTo(buffer.AsSpan(offset));
        Position += read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>Gives bytes up to a point and then has the operation cancelled.</summary>
internal sealed class BreakingStream(byte[] payload, int breakAt, CancellationTokenSource giveUp) : MemoryStream(payload)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position >= breakAt)
        {
            await giveUp.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        return Read(buffer.Span);
    }
}
