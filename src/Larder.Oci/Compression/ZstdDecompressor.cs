using System.Numerics;
using System.Runtime.InteropServices;

namespace Larder.Oci.Compression;

/// <summary>Decompresses Zstandard frames through libzstd; every frame's start is a restart point.</summary>
/// <remarks>Skippable frames, as zstd:chunked leaves behind its layers, are skipped. Source: RFC 8878.</remarks>
internal sealed unsafe class ZstdDecompressor : Decompressor
{
    private const int OutputBytes = 256 * 1024;

    private readonly byte[] _output = GC.AllocateUninitializedArray<byte>(OutputBytes, pinned: true);
    private readonly int _windowLog;
    private readonly ZstdStreamHandle _stream;
    private bool _isAtFrame = true;
    private bool _isFirstFrame = true;
    private bool _hasMore;
    private int _handed;
    private long _nextPoint;

    /// <param name="maxWindowBytes">Most memory that a frame may ask for; at least 1 KiB.</param>
    /// <exception cref="OciException">The library is not installed.</exception>
    public ZstdDecompressor(long maxWindowBytes)
    {
        _windowLog = Math.Clamp(BitOperations.Log2((ulong)maxWindowBytes), 10, 31);
        try
        {
            _stream = Zstd.Create();
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new OciException(
                OciErrorKind.Unsupported,
                "The layer is compressed with zstd, and libzstd.so.1 is not on this machine: install it (Debian and Ubuntu: apt install libzstd1).",
                exception);
        }

        if (_stream.IsInvalid)
        {
            throw new OciException(OciErrorKind.LimitExceeded, "libzstd has no memory to begin a stream.");
        }

        Check(Zstd.SetParameter(_stream, Zstd.ParameterWindowLogMax, _windowLog));
    }

    /// <inheritdoc/>
    public override BlobFormat Format => BlobFormat.Zstd;

    /// <summary>Begins at a frame, which the input begins with.</summary>
    public ZstdDecompressor StartAt(in RestartPoint point)
    {
        Offset = point.Offset;
        CompressedOffset = point.CompressedOffset;
        _isFirstFrame = point.CompressedOffset == 0;
        return this;
    }

    /// <inheritdoc/>
    public override DecompressorStatus Read(out ReadOnlyMemory<byte> chunk)
    {
        Offset += _handed;
        _handed = 0;
        chunk = default;
        while (true)
        {
            if (_isAtFrame && !_hasMore)
            {
                if (!_isFirstFrame && (Input.IsEmpty || Input[0] == 0))
                {
                    return ReadTrailingZeros();
                }

                if (!Input.IsEmpty && PointFound is not null && (_isFirstFrame || Offset >= _nextPoint))
                {
                    PointFound(new RestartPoint(CompressedOffset, 0, Offset, IsInside: false), default);
                    _nextPoint = Offset + PointSpacing;
                }
            }

            if (Input.IsEmpty && !_hasMore)
            {
                return !IsInputComplete
                    ? DecompressorStatus.NeedsInput
                    : throw new InvalidDataException($"the zstd data ends too early, behind byte {CompressedOffset}");
            }

            _handed = Decompress();
            if (_handed > 0)
            {
                chunk = _output.AsMemory(0, _handed);
                return DecompressorStatus.Chunk;
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Decompress()
    {
        var input = new Zstd.Span { Start = InputAddress, Length = (nuint)Input.Length };
        var output = new Zstd.Span { Start = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_output, 0), Length = OutputBytes };
        var hint = Zstd.Decompress(_stream, &output, &input);
        Check(hint);
        Consume((int)input.Position);
        _isAtFrame = hint == 0;
        _isFirstFrame = false;

        // Output that did not fit waits inside the library.
        _hasMore = hint != 0 && output.Position == output.Length;
        return (int)output.Position;
    }

    private void Check(nuint code)
    {
        if (Zstd.IsError(code) == 0)
        {
            return;
        }

        var name = Marshal.PtrToStringUTF8(Zstd.ErrorName(code)) ?? "unknown error";
        throw new InvalidDataException(
            name.Contains("too much memory", StringComparison.Ordinal)
                ? $"a zstd frame asks for a window of more than {1L << _windowLog} bytes"
                : $"the zstd data is damaged behind byte {CompressedOffset}: {name}");
    }
}
