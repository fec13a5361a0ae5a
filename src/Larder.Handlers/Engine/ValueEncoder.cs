using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;

namespace Larder.Handlers.Engine;

/// <summary>
/// Turns JSON into the binary form in which the engine itself writes values, which it reads in half of the time: names come
/// once, and nothing is left to be found out about strings and numbers. For one thread.
/// </summary>
/// <remarks>
/// The text is taken to be JSON; where it is not, or is unusual, the answer is no and the engine has to read the text. Form:
/// version, a checksum or all ones, names, the value; numbers of seven bits a byte, the lowest first. Source: quickjs-ng,
/// <c>quickjs.c</c>: <c>JS_ReadObject</c>.
/// </remarks>
internal sealed partial class ValueEncoder
{
    private const byte NullTag = 1;
    private const byte FalseTag = 3;
    private const byte TrueTag = 4;
    private const byte Int32Tag = 5;
    private const byte FloatTag = 6;
    private const byte StringTag = 7;
    private const byte ObjectTag = 8;
    private const byte ArrayTag = 9;
    private const int HeaderBytes = 5;
    private const int MostDepth = 64;
    private const int MostIntegerDigits = 9;
    private const int KeptBytes = 64 * 1024;

    // Ends a string that is copied as it is: a quotation mark, or what is written otherwise.
    private static readonly SearchValues<byte> Unusual = SearchValues.Create(
        [(byte)'"', (byte)'\\', .. Enumerable.Range(0x80, 0x80).Select(static code => (byte)code)]);

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789+-.eE"u8);

    private byte[] _value = new byte[1024];
    private int _valueLength;
    private int _at;

    /// <summary>Bytes of what was encoded last.</summary>
    public int Length => HeaderBytes + VarintBytes(_names.Count) + _nameLength + _valueLength;

    /// <summary>Encodes a text.</summary>
    /// <returns>False when the engine has to read the text itself.</returns>
    public bool TryEncode(ReadOnlySpan<byte> json)
    {
        (_at, _valueLength) = (0, 0);
        ClearNames();
        return TryValue(json, 0) && IsAtEnd(json);
    }

    /// <summary>Copies what was encoded last, which is over then.</summary>
    public void TakeTo(Span<byte> target, byte version)
    {
        target[0] = version;
        target[1..HeaderBytes].Fill(byte.MaxValue);
        var written = HeaderBytes + PutVarint(target[HeaderBytes..], (uint)_names.Count);
        _nameBytes.AsSpan(0, _nameLength).CopyTo(target[written..]);
        _value.AsSpan(0, _valueLength).CopyTo(target[(written + _nameLength)..]);
        ClearNames();
        _valueLength = 0;
        if (_value.Length > KeptBytes)
        {
            _value = new byte[1024];
        }
    }

    private bool TryValue(ReadOnlySpan<byte> json, int depth)
    {
        switch (Next(json))
        {
            case (byte)'{':
                return depth < MostDepth && TryObject(json, depth);
            case (byte)'[':
                return depth < MostDepth && TryArray(json, depth);
            case (byte)'"':
                return TryText(json);
            case (byte)'n':
                return TryWord(json, "null"u8, NullTag);
            case (byte)'t':
                return TryWord(json, "true"u8, TrueTag);
            case (byte)'f':
                return TryWord(json, "false"u8, FalseTag);
            default:
                return TryNumber(json);
        }
    }

    private bool TryObject(ReadOnlySpan<byte> json, int depth)
    {
        _at++;
        var place = Begin(ObjectTag);
        var count = 0;
        if (Next(json) == '}')
        {
            _at++;
            return true;
        }

        while (true)
        {
            if (Next(json) != '"' || !TryName(json) || Next(json) != ':')
            {
                return false;
            }

            _at++;
            count++;
            if (!TryValue(json, depth + 1))
            {
                return false;
            }

            switch (Next(json))
            {
                case (byte)',':
                    _at++;
                    break;
                case (byte)'}':
                    _at++;
                    End(place, count);
                    return true;
                default:
                    return false;
            }
        }
    }

    private bool TryArray(ReadOnlySpan<byte> json, int depth)
    {
        _at++;
        var place = Begin(ArrayTag);
        var count = 0;
        if (Next(json) == ']')
        {
            _at++;
            return true;
        }

        while (true)
        {
            count++;
            if (!TryValue(json, depth + 1))
            {
                return false;
            }

            switch (Next(json))
            {
                case (byte)',':
                    _at++;
                    break;
                case (byte)']':
                    _at++;
                    End(place, count);
                    return true;
                default:
                    return false;
            }
        }
    }

    // A tag and room for a count, which is nearly always below 128.
    private int Begin(byte tag)
    {
        var target = Room(2);
        target[0] = tag;
        target[1] = 0;
        _valueLength += 2;
        return _valueLength - 1;
    }

    private void End(int place, int count)
    {
        var bytes = VarintBytes(count);
        if (bytes > 1)
        {
            Room(bytes - 1);
            var after = _value.AsSpan(place + 1, _valueLength - place - 1);
            after.CopyTo(_value.AsSpan(place + bytes));
            _valueLength += bytes - 1;
        }

        PutVarint(_value.AsSpan(place), (uint)count);
    }

    private bool TryText(ReadOnlySpan<byte> json)
    {
        var text = json[(_at + 1)..];
        var end = text.IndexOfAny(Unusual);
        if (end < 0)
        {
            return false;
        }

        if (text[end] == '"')
        {
            _at += end + 2;
            Room(1)[0] = StringTag;
            _valueLength++;
            PutString(ref _value, ref _valueLength, text[..end]);
            return true;
        }

        if (!TryDecode(text, end, out var characters))
        {
            return false;
        }

        Room(1)[0] = StringTag;
        _valueLength++;
        PutString(ref _value, ref _valueLength, characters);
        return true;
    }

    private bool TryWord(ReadOnlySpan<byte> json, ReadOnlySpan<byte> word, byte tag)
    {
        if (!json[_at..].StartsWith(word))
        {
            return false;
        }

        _at += word.Length;
        Room(1)[0] = tag;
        _valueLength++;
        return true;
    }

    private bool TryNumber(ReadOnlySpan<byte> json)
    {
        var text = json[_at..];
        var end = text.IndexOfAnyExcept(NumberBytes);
        text = end < 0 ? text : text[..end];
        _at += text.Length;
        if (text.Length is > 0 and <= MostIntegerDigits && Utf8Parser.TryParse(text, out int small, out var consumed)
            && consumed == text.Length && (small != 0 || text[0] != '-'))
        {
            PutInteger(small);
            return true;
        }

        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        if (number is >= int.MinValue and <= int.MaxValue && number == (int)number && (number != 0 || !double.IsNegative(number)))
        {
            PutInteger((int)number);
            return true;
        }

        var target = Room(1 + sizeof(double));
        target[0] = FloatTag;
        BinaryPrimitives.WriteDoubleLittleEndian(target[1..], number);
        _valueLength += 1 + sizeof(double);
        return true;
    }

    private void PutInteger(int value)
    {
        Room(1)[0] = Int32Tag;
        _valueLength++;
        PutVarint((uint)((value << 1) ^ (value >> 31)));
    }

    private byte Next(ReadOnlySpan<byte> json)
    {
        while (_at < json.Length)
        {
            if (json[_at] is var next && next is not ((byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r'))
            {
                return next;
            }

            _at++;
        }

        return 0;
    }

    private bool IsAtEnd(ReadOnlySpan<byte> json) => Next(json) == 0 && _at == json.Length;

    private Span<byte> Room(int bytes)
    {
        if (_value.Length - _valueLength < bytes)
        {
            Array.Resize(ref _value, Math.Max(2 * _value.Length, _valueLength + bytes));
        }

        return _value.AsSpan(_valueLength);
    }

    private void PutVarint(uint value) => _valueLength += PutVarint(Room(5), value);

    private static int PutVarint(Span<byte> target, uint value)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[length++] = (byte)(value | 0x80);
        }

        target[length++] = (byte)value;
        return length;
    }

    private static int VarintBytes(int value)
    {
        var bytes = 1;
        for (var rest = (uint)value; rest >= 0x80; rest >>= 7)
        {
            bytes++;
        }

        return bytes;
    }
}
