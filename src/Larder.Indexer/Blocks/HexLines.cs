using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Larder.Indexer.Blocks;

/// <summary>Blocks in hex from a stream: each on a line of its own, or one over all lines.</summary>
internal sealed class HexLines(Stream stream, string name, BlockSourceOptions options)
{
    // A mark before the digits and what ends a line.
    private const int BesideDigits = 16;

    // Shorter than this no line is a block: lines are then parts of one.
    private readonly int _leastBlockBytes = options.Format != BlockFormat.Opaque ? BlockHeader.Size + 1 : 1;

    private readonly ArrayBufferWriter<byte> _wrapped = new();

    // 0 before the first line that is not empty.
    private int _blockLines;
    private bool _isWrapped;

    public async IAsyncEnumerable<SourceBlock> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 1024 * 1024, leaveOpen: true));
        var line = 0;
        try
        {
            while (true)
            {
                var read = await ReadAsync(reader, cancellationToken).ConfigureAwait(false);
                var rest = read.Buffer;
                while (TryTakeLine(ref rest, read.IsCompleted, out var text))
                {
                    line++;
                    if (ReadLine(text, line) is { } block)
                    {
                        yield return block;
                    }
                }

                if (rest.Length > (2L * options.MaxBlockBytes) + BesideDigits)
                {
                    throw options.TooLong($"{name}, line {line + 1}", rest.Length / 2);
                }

                reader.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }

        if (_isWrapped)
        {
            yield return new SourceBlock { Bytes = _wrapped.WrittenMemory, Origin = name };
        }
        else if (_blockLines == 0)
        {
            throw new IndexerException(IndexerErrorKind.BadBlock, $"{name} is empty: there is no block in it.");
        }
    }

    private async ValueTask<ReadResult> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"{name} cannot be read: {e.Message}", e);
        }
    }

    private SourceBlock? ReadLine(ReadOnlySequence<byte> text, int line)
    {
        if (text.Length > (2L * options.MaxBlockBytes) + BesideDigits)
        {
            throw options.TooLong($"{name}, line {line}", text.Length / 2);
        }

        var digits = HexText.Trim(text.IsSingleSegment ? text.FirstSpan : text.ToArray());
        if (digits.IsEmpty)
        {
            return null;
        }

        var origin = $"{name}, line {line}";
        var bytes = HexText.Decode(digits, origin);
        _isWrapped |= _blockLines++ == 0 && bytes.Length < _leastBlockBytes;
        if (!_isWrapped)
        {
            return bytes.Length <= options.MaxBlockBytes
                ? new SourceBlock { Bytes = bytes, Origin = origin }
                : throw options.TooLong(origin, bytes.Length);
        }

        if (_wrapped.WrittenCount + bytes.Length > options.MaxBlockBytes)
        {
            throw options.TooLong(name, _wrapped.WrittenCount + bytes.Length);
        }

        _wrapped.Write(bytes);
        return null;
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> rest, bool isEnd, out ReadOnlySequence<byte> line)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return true;
        }

        line = rest;
        if (!isEnd || rest.IsEmpty)
        {
            return false;
        }

        rest = rest.Slice(rest.End);
        return true;
    }
}
