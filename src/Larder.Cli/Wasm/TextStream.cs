using System.Text;

namespace Larder.Cli.Wasm;

/// <summary>A stream for writing whose bytes reach a text writer as UTF-8. The writer is flushed with every write.</summary>
internal sealed class TextStream(TextWriter writer) : Stream
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        const int Piece = 4096;
        Span<char> characters = stackalloc char[Piece + 2];
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, Piece);
            var length = _decoder.GetChars(buffer[..count], characters, flush: false);
            writer.Write(characters[..length]);
            buffer = buffer[count..];
        }

        writer.Flush();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => writer.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
