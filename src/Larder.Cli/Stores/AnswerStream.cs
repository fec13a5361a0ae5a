namespace Larder.Cli.Stores;

/// <summary>The body of an answer; says so in a sentence when the connection breaks, and disposes the answer.</summary>
internal sealed class AnswerStream : Stream
{
    private readonly Stream _body;
    private readonly HttpResponseMessage _answer;
    private readonly string _source;

    public AnswerStream(Stream body, HttpResponseMessage answer, string source)
    {
        _body = body;
        _answer = answer;
        _source = source;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("A body has no length of its own.");

    public override long Position
    {
        get => throw new NotSupportedException("A body goes from start to end.");
        set => throw new NotSupportedException("A body goes from start to end.");
    }

    public override int Read(byte[] buffer, int offset, int count) => _body.Read(buffer, offset, count);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await _body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpIOException or IOException)
        {
            throw new CommandException(
                ExitCodes.Failure, $"The connection to {_source} broke in the middle of the body; what was written is not whole. Try again.", e);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A body goes from start to end.");

    public override void SetLength(long value) => throw new NotSupportedException("A body is read only.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A body is read only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
            _answer.Dispose();
        }

        base.Dispose(disposing);
    }
}
