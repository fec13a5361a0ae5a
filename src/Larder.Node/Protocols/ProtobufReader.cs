using System.Text.Unicode;

namespace Larder.Node.Protocols;

/// <summary>
/// Walks the fields of a protobuf message in place. Strict: every malformed byte ends the walk with
/// <see cref="IsMalformed"/>. Source: protobuf.dev/programming-guides/encoding.
/// </summary>
internal ref struct ProtobufReader
{
    private ReadOnlySpan<byte> _rest;

    public ProtobufReader(ReadOnlySpan<byte> message) => _rest = message;

    /// <summary>The number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Whether the current field has a length and <see cref="Bytes"/>.</summary>
    public bool HasBytes { get; private set; }

    /// <summary>The content of a field with a length: a string, bytes or a message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The value of a field without a length.</summary>
    public ulong Number { get; private set; }

    /// <summary>Whether the message broke the encoding's rules.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Whether the current field is UTF-8, as strings must be.</summary>
    public readonly bool IsText => HasBytes && Utf8.IsValid(Bytes);

    /// <summary>Moves to the next field; false at the end or when the message is malformed.</summary>
    public bool Read()
    {
        HasBytes = false;
        Bytes = default;
        if (_rest.IsEmpty || IsMalformed)
        {
            return false;
        }

        if (!TryVarint(out var tag) || tag >> 3 is 0 or > 0x1FFF_FFFF)
        {
            return Fail();
        }

        Field = (int)(tag >> 3);
        return (tag & 7) switch
        {
            0 => TryVarint(out var number) ? SetNumber(number) : Fail(),
            1 => ReadFixed(8),
            2 => ReadBytes(),
            5 => ReadFixed(4),
            _ => Fail(),
        };
    }

    private bool ReadFixed(int size)
    {
        if (_rest.Length < size)
        {
            return Fail();
        }

        Number = size == 8
            ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(_rest)
            : System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        _rest = _rest[size..];
        return true;
    }

    private bool ReadBytes()
    {
        if (!TryVarint(out var length) || length > (ulong)_rest.Length)
        {
            return Fail();
        }

        Bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        HasBytes = true;
        return true;
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var index = 0; index < 10 && index < _rest.Length; index++)
        {
            var next = _rest[index];
            if (index == 9 && next > 1)
            {
                return false;
            }

            value |= (ulong)(next & 0x7F) << (7 * index);
            if (next < 0x80)
            {
                _rest = _rest[(index + 1)..];
                return true;
            }
        }

        return false;
    }

    private bool SetNumber(ulong number)
    {
        Number = number;
        return true;
    }

    private bool Fail()
    {
        IsMalformed = true;
        return false;
    }
}
