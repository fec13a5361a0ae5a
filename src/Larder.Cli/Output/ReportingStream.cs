namespace Larder.Cli.Output;

/// <summary>Reads through to another stream, which it owns, and reports how far it came.</summary>
internal sealed class ReportingStream : Stream
{
    private readonly Stream _inner;
    private readonly IProgress<long> _progress;

    public ReportingStream(Stream inner, IProgress<long> progress)
    {
        _inner = inner;
        _progress = progress;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _inner.Length;

    public override long Position
    {
        get => _inner.Position;
        set => throw new NotSupportedException("A transfer goes from start to end.");
    }

    public override int Read(byte[] buffer, int offset, int count) => Report(_inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Report(await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A transfer goes from start to end.");

    public override void SetLength(long value) => throw new NotSupportedException("A transfer is read only.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A transfer is read only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Report(int read)
    {
        _progress.Report(_inner.Position);
        return read;
    }
}
