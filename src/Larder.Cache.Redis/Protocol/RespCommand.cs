using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Larder.Cache.Redis.Protocol;

/// <summary>
/// Encodes one command as an array of bulks into a rented buffer. The payload of a write comes last but one or last and
/// may stay where it is: what stands before and behind it is encoded here.
/// </summary>
internal ref struct RespCommand
{
    private byte[] _buffer;
    private int _length;
    private int _split;

    /// <summary>Begins a command.</summary>
    /// <param name="verb">Its name.</param>
    /// <param name="arguments">How many arguments follow.</param>
    public RespCommand(ReadOnlySpan<byte> verb, int arguments)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(256);
        _length = 0;
        _split = -1;
        Payload = default;
        WriteHead((byte)'*', arguments + 1);
        Add(verb);
    }

    /// <summary>The argument that is sent from where it lies; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>Adds an argument.</summary>
    public RespCommand Add(scoped ReadOnlySpan<byte> argument)
    {
        WriteHead((byte)'$', argument.Length);
        WriteRaw(argument);
        WriteRaw("\r\n"u8);
        return this;
    }

    /// <summary>Adds a number.</summary>
    public RespCommand Add(long argument)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(argument, digits, out var length);
        return Add(digits[..length]);
    }

    /// <summary>Adds text.</summary>
    public RespCommand Add(string argument) => Add(Encoding.UTF8.GetBytes(argument));

    /// <summary>Adds an argument that is sent from where it lies, once at most for a command.</summary>
    public RespCommand AddPayload(ReadOnlyMemory<byte> payload)
    {
        WriteHead((byte)'$', payload.Length);
        _split = _length;
        Payload = payload;
        WriteRaw("\r\n"u8);
        return this;
    }

    /// <summary>Hands the buffer over.</summary>
    /// <param name="length">Bytes of it that are the command, the payload left out.</param>
    /// <param name="split">Where the payload stands; at the end when there is none.</param>
    public readonly byte[] Take(out int length, out int split)
    {
        length = _length;
        split = _split < 0 ? _length : _split;
        return _buffer;
    }

    private void WriteHead(byte mark, long number)
    {
        Ensure(24);
        _buffer[_length++] = mark;
        Utf8Formatter.TryFormat(number, _buffer.AsSpan(_length), out var digits);
        _length += digits;
        WriteRaw("\r\n"u8);
    }

    private void WriteRaw(scoped ReadOnlySpan<byte> bytes)
    {
        Ensure(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Ensure(int more)
    {
        if (_buffer.Length - _length >= more)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent((_length + more) * 2);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
