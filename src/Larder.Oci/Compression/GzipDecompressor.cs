using System.Buffers.Binary;

namespace Larder.Oci.Compression;

/// <summary>Decompresses gzip of any number of members, and finds restart points at members and at blocks inside of them.</summary>
/// <remarks>
/// Every member's length and checksum are compared, but of the one that decompression began inside of. Source: RFC 1952.
/// </remarks>
internal sealed class GzipDecompressor : Decompressor
{
    private const int FixedHeaderBytes = 10;
    private const int TrailerBytes = 8;
    private const byte FlagHeaderChecksum = 2;
    private const byte FlagExtra = 4;
    private const byte FlagName = 8;
    private const byte FlagComment = 16;

    private readonly Inflater _inflater = new();
    private State _state;
    private bool _isFirstMember = true;
    private uint _checksum;
    private uint _memberLength;
    private bool _beganInside;

    // Where the chunk that was handed out last ends, and where the next point is due.
    private int _handed;
    private long _nextPoint;

    // A point inside of a byte can only be begun at when that byte is there.
    private RestartPoint? _pending;
    private byte[] _pendingWindow = [];

    private enum State
    {
        Header,
        Body,
        Trailer,
    }

    /// <inheritdoc/>
    public override BlobFormat Format => BlobFormat.Gzip;

    /// <summary>Begins at a restart point. The input begins with the byte that the point names.</summary>
    /// <param name="point">The point.</param>
    /// <param name="window">The output before it; empty at a member's start.</param>
    public GzipDecompressor StartAt(in RestartPoint point, ReadOnlySpan<byte> window)
    {
        Offset = point.Offset;
        CompressedOffset = point.CompressedOffset;
        if (point.IsInside)
        {
            _pending = point;
            _pendingWindow = window.ToArray();
        }

        return this;
    }

    /// <inheritdoc/>
    public override DecompressorStatus Read(out ReadOnlyMemory<byte> chunk)
    {
        Offset += _handed;
        _handed = 0;
        chunk = default;
        if (_pending is { } point && !TryBegin(point))
        {
            return DecompressorStatus.NeedsInput;
        }

        while (true)
        {
            switch (_state)
            {
                case State.Header:
                    if (!_isFirstMember && (Input.IsEmpty || Input[0] == 0))
                    {
                        return ReadTrailingZeros();
                    }

                    if (!TryReadHeader())
                    {
                        return DecompressorStatus.NeedsInput;
                    }

                    break;
                case State.Body:
                    var needsInput = Inflate(out chunk);
                    if (!chunk.IsEmpty)
                    {
                        _handed = chunk.Length;
                        return DecompressorStatus.Chunk;
                    }

                    if (needsInput)
                    {
                        return DecompressorStatus.NeedsInput;
                    }

                    break;
                default:
                    if (!TryReadTrailer())
                    {
                        return DecompressorStatus.NeedsInput;
                    }

                    break;
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inflater.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool TryBegin(in RestartPoint point)
    {
        byte first = 0;
        if (point.UsedBits > 0)
        {
            if (Input.IsEmpty)
            {
                return IsInputComplete ? throw EndsEarly() : false;
            }

            first = Input[0];
            Consume(1);
        }

        _inflater.BeginAt(_pendingWindow, first, point.UsedBits);
        _pending = null;
        _pendingWindow = [];
        _beganInside = true;
        _isFirstMember = false;
        _state = State.Body;
        return true;
    }

    // True when more input is needed.
    private unsafe bool Inflate(out ReadOnlyMemory<byte> chunk)
    {
        _inflater.StopAtBlockAfter = PointFound is null ? long.MaxValue : Math.Max(_nextPoint - Offset, 1);
        InflateStatus status;
        try
        {
            status = _inflater.Run(InputAddress, Input.Length, IsInputComplete, out var consumed);
            Consume(consumed);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{exception.Message} It happened behind byte {CompressedOffset}.", exception);
        }

        chunk = _inflater.Output;
        _memberLength += (uint)chunk.Length;
        if (!_beganInside)
        {
            _checksum = Crc32.Append(_checksum, chunk.Span);
        }

        if (status == InflateStatus.BlockEnd)
        {
            var unused = _inflater.UnusedBits;
            PointFound?.Invoke(
                new RestartPoint(CompressedOffset - (unused > 0 ? 1 : 0), (byte)((8 - unused) % 8), Offset + chunk.Length, IsInside: true),
                _inflater.Window);
            _nextPoint = Offset + chunk.Length + PointSpacing;
        }

        _state = status == InflateStatus.StreamEnd ? State.Trailer : State.Body;
        return status == InflateStatus.NeedsInput;
    }

    private bool TryReadHeader()
    {
        var length = MeasureHeader(Input);
        if (length == 0)
        {
            return IsInputComplete ? throw EndsEarly()
                : Input.Length < InputBytes ? false
                : throw new InvalidDataException("the header of a gzip member is too long");
        }

        if (PointFound is not null && (_isFirstMember || Offset >= _nextPoint))
        {
            PointFound(new RestartPoint(CompressedOffset, 0, Offset, IsInside: false), default);
            _nextPoint = Offset + PointSpacing;
        }

        Consume(length);
        _inflater.Begin();
        _checksum = 0;
        _memberLength = 0;
        _beganInside = false;
        _isFirstMember = false;
        _state = State.Body;
        return true;
    }

    // 0 when it is not all there.
    private static int MeasureHeader(ReadOnlySpan<byte> input)
    {
        if (input.Length < FixedHeaderBytes)
        {
            return 0;
        }

        if (input is not [0x1F, 0x8B, 8, ..])
        {
            throw new InvalidDataException("something that is no gzip member follows the end of one");
        }

        var flags = input[3];
        if (flags >= 0x20)
        {
            throw new InvalidDataException("the header of a gzip member has unknown flags");
        }

        var length = FixedHeaderBytes;
        if ((flags & FlagExtra) != 0)
        {
            if (input.Length < length + 2)
            {
                return 0;
            }

            length += 2 + BinaryPrimitives.ReadUInt16LittleEndian(input[length..]);
        }

        foreach (var flag in (ReadOnlySpan<byte>)[FlagName, FlagComment])
        {
            if ((flags & flag) == 0)
            {
                continue;
            }

            var end = length < input.Length ? input[length..].IndexOf((byte)0) : -1;
            if (end < 0)
            {
                return 0;
            }

            length += end + 1;
        }

        length += (flags & FlagHeaderChecksum) != 0 ? 2 : 0;
        if (input.Length < length)
        {
            return 0;
        }

        return (flags & FlagHeaderChecksum) == 0
            || (ushort)Crc32.Append(0, input[..(length - 2)]) == BinaryPrimitives.ReadUInt16LittleEndian(input[(length - 2)..])
            ? length
            : throw new InvalidDataException("the header of a gzip member does not have its checksum");
    }

    private bool TryReadTrailer()
    {
        if (Input.Length < TrailerBytes)
        {
            return IsInputComplete ? throw EndsEarly() : false;
        }

        if (!_beganInside
            && (BinaryPrimitives.ReadUInt32LittleEndian(Input) != _checksum
                || BinaryPrimitives.ReadUInt32LittleEndian(Input[4..]) != _memberLength))
        {
            throw new InvalidDataException($"the gzip member that ends at byte {CompressedOffset} does not have its checksum");
        }

        Consume(TrailerBytes);
        _state = State.Header;
        return true;
    }

    private InvalidDataException EndsEarly() => new($"the gzip data ends too early, behind byte {CompressedOffset}");
}
