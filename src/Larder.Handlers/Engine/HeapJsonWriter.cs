using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Larder.Handlers.Engine;

/// <summary>
/// Writes values as <c>JSON.stringify</c> would, by reading them where they lie in the engine's memory. It only takes what
/// runs no JavaScript and fails nowhere: plain objects, arrays, strings, numbers. Everything else is the engine's to write.
/// For one thread.
/// </summary>
internal sealed class HeapJsonWriter
{
    /// <summary>Bytes up to which texts are written here; a longer one is the engine's, which is bounded by its memory.</summary>
    public const int MostBytes = 1024 * 1024;

    // Cycles end here, and are the engine's to report.
    private const int MostDepth = 64;
    private const int KeptBytes = 64 * 1024;
    private const int MostNumberBytes = 32;
    private const int MostEscapeBytes = 6;

    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create([.. Enumerable.Range(0x20, 0x60)
        .Select(static code => (byte)code).Where(static code => code is not ((byte)'"' or (byte)'\\'))]);

    private byte[] _buffer = new byte[1024];
    private int _length;
    private int _steps;

    // Whether prototypes are as they were; asked once for each value.
    private bool? _arePlain;

    /// <summary>What was written last; until the next call.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Writes a value; what there is afterwards counts only when that succeeds.</summary>
    /// <returns>False when the engine has to write it.</returns>
    public bool TryWrite(HeapView heap, JsValue value)
    {
        _length = 0;
        _arePlain = null;
        _steps = MostBytes;
        if (_buffer.Length > KeptBytes)
        {
            _buffer = new byte[1024];
        }

        return TryWriteValue(heap, value, 0);
    }

    private bool TryWriteValue(HeapView heap, JsValue value, int depth)
    {
        if (--_steps < 0 || _length > MostBytes)
        {
            return false;
        }

        switch (value.Tag)
        {
            case JsTag.Int32:
                WriteInteger(value.Int32);
                return true;
            case JsTag.Boolean:
                Write(value.Int32 != 0 ? "true"u8 : "false"u8);
                return true;
            case JsTag.Null:
                Write("null"u8);
                return true;
            case JsTag.String:
            case JsTag.StringRope:
                WriteByte((byte)'"');
                if (!TryWritePart(heap, value, isWhole: true))
                {
                    return false;
                }

                WriteByte((byte)'"');
                return true;
            case JsTag.Object:
                return TryWriteObject(heap, value.Int32, depth);
            default:
                return value.IsFloat && WriteNumber(value.Float);
        }
    }

    private bool TryWriteObject(HeapView heap, int address, int depth)
    {
        if (depth >= MostDepth)
        {
            return false;
        }

        _arePlain ??= heap.HasPlainPrototypes();
        var shape = heap.ShapeOf(address);
        return heap.ClassOf(address) switch
        {
            HeapView.PlainClass => _arePlain.Value
                && heap.IsPlainPrototype(heap.PrototypeOf(shape)) && TryWriteProperties(heap, address, shape, depth),
            HeapView.ArrayClass => _arePlain.Value
                && heap.IsArrayPrototype(heap.PrototypeOf(shape)) && TryWriteElements(heap, address, depth),
            _ => false,
        };
    }

    private bool TryWriteProperties(HeapView heap, int address, int shape, int depth)
    {
        if (!heap.TryShape(shape, out var count, out var first))
        {
            return false;
        }

        var values = heap.PropertiesOf(address);
        WriteByte((byte)'{');
        var isFirst = true;
        for (var index = 0; index < count; index++)
        {
            var name = heap.Name(first, index);
            var flags = heap.Flags(first, index);
            if (name == 0 || (flags & HeapView.Enumerable) == 0)
            {
                // Deleted, or not to be seen; but what is not to be seen may still be a toJSON.
                if (name != 0 && heap.IsToJson(name))
                {
                    return false;
                }

                continue;
            }

            // Numbers come before other names.
            if ((name & HeapView.NumberName) != 0 || (flags & HeapView.NoValue) != 0 || heap.IsToJson(name))
            {
                return false;
            }

            var value = heap.Value(values + (sizeof(long) * index));
            if (value.IsUndefined)
            {
                if (--_steps < 0)
                {
                    return false;
                }

                continue;
            }

            if (!isFirst)
            {
                WriteByte((byte)',');
            }

            isFirst = false;
            if (!TryWriteName(heap, name) || !TryWriteValue(heap, value, depth + 1))
            {
                return false;
            }
        }

        WriteByte((byte)'}');
        return true;
    }

    private bool TryWriteElements(HeapView heap, int address, int depth)
    {
        if (!heap.TryArray(address, out var first, out var count))
        {
            return false;
        }

        WriteByte((byte)'[');
        for (var index = 0; index < count; index++)
        {
            if (index > 0)
            {
                WriteByte((byte)',');
            }

            var value = heap.Value(first + (sizeof(long) * index));
            if (!TryWriteValue(heap, value.IsUndefined ? JsValue.Null : value, depth + 1))
            {
                return false;
            }
        }

        WriteByte((byte)']');
        return true;
    }

    private bool TryWriteName(HeapView heap, uint name)
    {
        WriteByte((byte)'"');
        var start = _length;
        var address = heap.StringOf(name);

        // What begins like a number may be one that is too large for a small one, and these come first too. Symbols are
        // no strings.
        if (address == 0 || !TryWriteString(heap, address, mayBeWide: true) || (_length > start && _buffer[start] is >= (byte)'0' and <= (byte)'9'))
        {
            return false;
        }

        Write("\":"u8);
        return true;
    }

    // A string, or a part of one: a character of another plane may be cut in two by the border of parts, so these are narrow.
    private bool TryWritePart(HeapView heap, JsValue value, bool isWhole, int depth = 0)
    {
        if (value.Tag == JsTag.StringRope)
        {
            var (left, right) = heap.Rope(value.Int32);
            return --_steps >= 0 && depth < MostDepth
                && TryWritePart(heap, left, isWhole: false, depth + 1) && TryWritePart(heap, right, isWhole: false, depth + 1);
        }

        return value.Tag == JsTag.String && TryWriteString(heap, value.Int32, isWhole);
    }

    private bool TryWriteString(HeapView heap, int address, bool mayBeWide)
    {
        if (!heap.TryString(address, out var text, out var isWide) || text.Length > MostBytes - _length || (isWide && !mayBeWide))
        {
            return false;
        }

        if (isWide)
        {
            WriteWide(MemoryMarshal.Cast<byte, char>(text));
        }
        else
        {
            WriteNarrow(text);
        }

        return true;
    }

    private void WriteNarrow(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var plain = text.IndexOfAnyExcept(PlainBytes);
            if (plain < 0)
            {
                Write(text);
                return;
            }

            Write(text[..plain]);
            WriteCharacter((char)text[plain]);
            text = text[(plain + 1)..];
        }
    }

    private void WriteWide(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var consumed) != OperationStatus.Done)
            {
                WriteEscape(text[0]);
                text = text[1..];
                continue;
            }

            if (rune.IsBmp)
            {
                WriteCharacter((char)rune.Value);
            }
            else
            {
                Reserve(MostEscapeBytes);
                _length += rune.EncodeToUtf8(_buffer.AsSpan(_length));
            }

            text = text[consumed..];
        }
    }

    // Not a half of a pair.
    private void WriteCharacter(char character)
    {
        switch (character)
        {
            case '"':
                Write("\\\""u8);
                break;
            case '\\':
                Write(@"\\"u8);
                break;
            case '\b':
                Write(@"\b"u8);
                break;
            case '\f':
                Write(@"\f"u8);
                break;
            case '\n':
                Write(@"\n"u8);
                break;
            case '\r':
                Write(@"\r"u8);
                break;
            case '\t':
                Write(@"\t"u8);
                break;
            case < ' ':
                WriteEscape(character);
                break;
            default:
                Reserve(MostEscapeBytes);
                _length += new Rune(character).EncodeToUtf8(_buffer.AsSpan(_length));
                break;
        }
    }

    private void WriteEscape(char character)
    {
        Write(@"\u"u8);
        Reserve(MostEscapeBytes);
        Utf8Formatter.TryFormat((ushort)character, _buffer.AsSpan(_length), out var written, new StandardFormat('x', 4));
        _length += written;
    }

    private void WriteInteger(int value)
    {
        Reserve(MostNumberBytes);
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_length), out var written);
        _length += written;
    }

    private bool WriteNumber(double value)
    {
        Reserve(MostNumberBytes);
        _length += double.IsFinite(value) ? JsNumberText.Write(value, _buffer.AsSpan(_length)) : Null(_buffer.AsSpan(_length));
        return true;

        static int Null(Span<byte> target)
        {
            "null"u8.CopyTo(target);
            return 4;
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void WriteByte(byte value)
    {
        Reserve(1);
        _buffer[_length++] = value;
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _length + bytes));
        }
    }
}
