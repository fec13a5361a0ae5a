using Larder.Cache.Artifacts;

namespace Larder.Cli.Stores;

/// <summary>Reads a leased artifact from start to end; gives the lease back when disposed.</summary>
internal sealed class LeaseStream : Stream
{
    private ArtifactLease _lease;

    public LeaseStream(ArtifactLease lease) => _lease = lease;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _lease.Content.Length;

    public override long Position { get; set; }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = Position < Length ? _lease.Content.Read(Position, buffer) : 0;
        Position += read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A payload is read from start to end.");

    public override void SetLength(long value) => throw new NotSupportedException("A payload is read only.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A payload is read only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _lease.Dispose();
        }

        base.Dispose(disposing);
    }
}
