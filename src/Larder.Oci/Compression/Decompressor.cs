using System.Runtime.InteropServices;

namespace Larder.Oci.Compression;

/// <summary>
/// Decompresses a layer's blob that comes in pieces of any size, into chunks that are handed out one after the other.
/// </summary>
/// <remarks>For one thread. A chunk is valid until the next call of <see cref="Read"/>.</remarks>
internal abstract class Decompressor : IDisposable
{
    /// <summary>Bytes of input that are buffered at most.</summary>
    public const int InputBytes = 256 * 1024;

    private readonly byte[] _input = GC.AllocateUninitializedArray<byte>(InputBytes + Inflater.InputSlack, pinned: true);
    private int _start;
    private int _end;

    /// <summary>How the blob is compressed.</summary>
    public abstract BlobFormat Format { get; }

    /// <summary>Is told of restart points; null when they are not wanted.</summary>
    public RestartPointHandler? PointFound { get; init; }

    /// <summary>Output between two restart points, about.</summary>
    public long PointSpacing { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes of the blob that were decoded; bytes before where decompression began count.</summary>
    public long CompressedOffset { get; private protected set; }

    /// <summary>Where in the archive the next chunk begins.</summary>
    public long Offset { get; private protected set; }

    /// <summary>Room for more of the blob; empty only when <see cref="Read"/> has not been asked for what is there.</summary>
    public Memory<byte> InputSpace
    {
        get
        {
            if (_start > 0)
            {
                _input.AsSpan(_start, _end - _start).CopyTo(_input);
                _end -= _start;
                _start = 0;
            }

            return _input.AsMemory(_end, InputBytes - _end);
        }
    }

    /// <summary>Whether nothing follows what is in the buffer.</summary>
    protected bool IsInputComplete { get; private set; }

    /// <summary>What is in the buffer.</summary>
    protected ReadOnlySpan<byte> Input => _input.AsSpan(_start, _end - _start);

    /// <summary>The same as memory.</summary>
    protected ReadOnlyMemory<byte> InputMemory => _input.AsMemory(_start, _end - _start);

    /// <summary>Where the buffer's content begins; slack follows its end.</summary>
    protected unsafe byte* InputAddress => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_input, _start);

    /// <summary>Tells the format of a blob from its first bytes.</summary>
    /// <param name="start">At least six bytes, or the whole blob.</param>
    /// <exception cref="OciException">It is compressed in a way that is not known here.</exception>
    public static BlobFormat Detect(ReadOnlySpan<byte> start) => start switch
    {
        [0x1F, 0x8B, ..] => BlobFormat.Gzip,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => BlobFormat.Zstd,
        [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18, ..] => BlobFormat.Zstd,
        [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', 0x31, 0x41, ..] => throw Unknown("bzip2"),
        [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => throw Unknown("xz"),
        _ => BlobFormat.Plain,
    };

    /// <summary>Notes that so many bytes were put into <see cref="InputSpace"/>.</summary>
    public void InputAdded(int count) => _end += count;

    /// <summary>Notes that the blob ends behind what is in the buffer.</summary>
    public void CompleteInput()
    {
        IsInputComplete = true;
        _input.AsSpan(_end, Inflater.InputSlack).Clear();
    }

    /// <summary>Decodes the next chunk.</summary>
    /// <exception cref="InvalidDataException">The blob is damaged, or ended too early.</exception>
    public abstract DecompressorStatus Read(out ReadOnlyMemory<byte> chunk);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what is not memory of the runtime.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Takes bytes from the front of the buffer.</summary>
    protected void Consume(int count)
    {
        _start += count;
        CompressedOffset += count;
    }

    /// <summary>Zeros may follow the last member or frame, as tapes and some builders leave them; nothing else may.</summary>
    protected DecompressorStatus ReadTrailingZeros()
    {
        if (Input.ContainsAnyExcept((byte)0))
        {
            throw new InvalidDataException("something that is not compressed follows the end of the compressed data");
        }

        Consume(Input.Length);
        return IsInputComplete ? DecompressorStatus.End : DecompressorStatus.NeedsInput;
    }

    private static OciException Unknown(string name) => new(
        OciErrorKind.Unsupported, $"The layer is compressed with {name}; layers are plain, gzip or zstd.");
}
