namespace Larder.Indexer.Guests;

/// <summary>
/// Reads the fields of a protobuf message in place, as strictly as the library does that Metashrew uses: a field of another
/// wire type than expected, a field without a number and a length beyond the end are errors; fields that nobody knows are
/// passed over. Source: protobuf, "Encoding".
/// </summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int MostGroups = 100;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;
    private int _fieldAt;
    private uint _field;
    private WireType _type;

    private enum WireType
    {
        Varint = 0,
        Fixed64 = 1,
        Length = 2,
        GroupStart = 3,
        GroupEnd = 4,
        Fixed32 = 5,
    }

    /// <summary>Where the next byte is read.</summary>
    public readonly int Position => _position;

    /// <summary>Goes to the next field; its content must be read or passed over before the next call.</summary>
    public bool TryReadField(out int field)
    {
        field = 0;
        if (_position == _message.Length)
        {
            return false;
        }

        _fieldAt = _position;
        var key = ReadVarint();
        _type = (WireType)(key & 7);
        _field = (uint)(key >> 3);
        if (key > uint.MaxValue || _field == 0 || _type > WireType.Fixed32)
        {
            throw Error(_fieldAt, $"{key} is no field's key");
        }

        field = (int)_field;
        return true;
    }

    /// <summary>The content of a field of bytes, text or a message.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        if (_type != WireType.Length)
        {
            throw Error(_fieldAt, $"field {_field} is not of bytes but of wire type {(int)_type}");
        }

        return Take(ReadLength());
    }

    /// <summary>Passes over the content of a field.</summary>
    public void Skip()
    {
        if (_type == WireType.GroupEnd)
        {
            throw Error(_fieldAt, $"the end of group {_field}, which did not begin");
        }

        Skip(depth: 0);
    }

    private void Skip(int depth)
    {
        switch (_type)
        {
            case WireType.Varint:
                ReadVarint();
                break;
            case WireType.Fixed64:
                Take(8);
                break;
            case WireType.Fixed32:
                Take(4);
                break;
            case WireType.Length:
                Take(ReadLength());
                break;
            default:
                SkipGroup(_field, depth);
                break;
        }
    }

    private void SkipGroup(uint group, int depth)
    {
        if (depth == MostGroups)
        {
            throw Error(_fieldAt, $"groups nest more than {MostGroups} deep");
        }

        while (TryReadField(out _))
        {
            if (_type != WireType.GroupEnd)
            {
                Skip(depth + 1);
            }
            else if (_field == group)
            {
                return;
            }
            else
            {
                throw Error(_fieldAt, $"the end of group {_field} in group {group}");
            }
        }

        throw Error(_position, $"group {group} has no end");
    }

    private ulong ReadLength()
    {
        var at = _position;
        var length = ReadVarint();
        return length <= (ulong)(_message.Length - _position)
            ? length
            : throw Error(at, $"{length} bytes are announced and {_message.Length - _position} are left");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_message.Length - _position))
        {
            throw Error(_position, $"{length} bytes are expected and {_message.Length - _position} are left");
        }

        var taken = _message.Slice(_position, (int)length);
        _position += (int)length;
        return taken;
    }

    private ulong ReadVarint()
    {
        var start = _position;
        if (start < _message.Length && _message[start] < 0x80)
        {
            return _message[_position++];
        }

        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (_position == _message.Length)
            {
                throw Error(start, "a number is cut off");
            }

            var piece = _message[_position++];
            if (shift == 63 && piece > 1)
            {
                break;
            }

            value |= (ulong)(piece & 0x7F) << shift;
            if (piece < 0x80)
            {
                return value;
            }
        }

        throw Error(start, "a number has more than 64 bits");
    }

    private static GuestDataException Error(int position, string what) => new($"{what}, at byte {position}");
}
