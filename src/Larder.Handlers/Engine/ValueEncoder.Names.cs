using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Larder.Handlers.Engine;

// Names and strings.
internal sealed partial class ValueEncoder
{
    private const byte StringName = 1;
    private const int MostNames = 100_000;
    private const int Slots = 256;

    // Where each name lies in the names, by its number; and the number of the one that came last time after it.
    private readonly List<(int Start, int Length)> _names = [];
    private readonly List<int> _successors = [];
    private readonly int[] _slots = new int[Slots];
    private byte[] _nameBytes = new byte[256];
    private char[] _characters = [];
    private int _nameLength;
    private int _lastName;

    private void ClearNames()
    {
        (_nameLength, _lastName) = (0, 0);
        _names.Clear();
        _successors.Clear();
        _slots.AsSpan().Clear();
        if (_nameBytes.Length > KeptBytes || _characters.Length > KeptBytes)
        {
            (_nameBytes, _characters) = (new byte[256], []);
        }
    }

    private bool TryName(ReadOnlySpan<byte> json)
    {
        var text = json[(_at + 1)..];
        var end = text.IndexOfAny(Unusual);
        if (end < 0 || _names.Count >= MostNames)
        {
            return false;
        }

        if (text[end] != '"')
        {
            if (!TryDecode(text, end, out var characters))
            {
                return false;
            }

            // A number that is spelled with escapes is left to the parser.
            Refer(Add(characters));
            return characters.ContainsAnyExceptInRange('0', '9');
        }

        _at += end + 2;
        var name = text[..end];
        if (end > 0 && char.IsAsciiDigit((char)name[0]))
        {
            return TryNumberName(name);
        }

        Refer(Find(name));
        return true;
    }

    // Small numbers are names of their own, and larger ones are strings like others.
    private bool TryNumberName(ReadOnlySpan<byte> name)
    {
        var isCanonical = name.Length == 1 || name[0] != '0';
        if (isCanonical && Utf8Parser.TryParse(name, out uint number, out var consumed) && consumed == name.Length && number <= int.MaxValue)
        {
            PutVarint((number << 1) | 1);
        }
        else
        {
            Refer(Find(name));
        }

        return true;
    }

    // The number of a name, from 0.
    private int Find(ReadOnlySpan<byte> name)
    {
        // Objects of a kind have their names in the same order.
        if (_lastName < _successors.Count && _successors[_lastName] is var guess && Is(guess, name))
        {
            return guess;
        }

        var slot = (name.Length * 31) + (name.IsEmpty ? 0 : (name[0] * 7) + name[^1]);
        for (var probe = 0; probe < Slots; probe++, slot++)
        {
            ref var number = ref _slots[slot & (Slots - 1)];
            if (number == 0)
            {
                number = Add(name) + 1;
                return number - 1;
            }

            if (Is(number - 1, name))
            {
                return number - 1;
            }
        }

        // More names than slots: once more does no harm.
        return Add(name);
    }

    private bool Is(int number, ReadOnlySpan<byte> name)
    {
        var (start, length) = _names[number];
        return length == name.Length && _nameBytes.AsSpan(start, length).SequenceEqual(name);
    }

    private int Add(ReadOnlySpan<byte> name)
    {
        PutNameTag();
        PutString(ref _nameBytes, ref _nameLength, name);
        return Add(_nameLength - name.Length, name.Length);
    }

    // A name of which it is not asked again has no length.
    private int Add(ReadOnlySpan<char> name)
    {
        PutNameTag();
        PutString(ref _nameBytes, ref _nameLength, name);
        return Add(0, -1);
    }

    private int Add(int start, int length)
    {
        _names.Add((start, length));
        _successors.Add(0);
        return _names.Count - 1;
    }

    private void Refer(int number)
    {
        if (_lastName < _successors.Count)
        {
            _successors[_lastName] = number;
        }

        _lastName = number;
        PutVarint(((uint)number + 1) << 1);
    }

    // The characters of a string that has escapes or more than ASCII in it; moves behind its end.
    private bool TryDecode(ReadOnlySpan<byte> text, int plain, out ReadOnlySpan<char> characters)
    {
        characters = default;
        var length = 0;
        var at = 0;
        while (true)
        {
            if (_characters.Length < length + plain + 2)
            {
                Array.Resize(ref _characters, Math.Max(256, 2 * (length + plain + 2)));
            }

            length += Encoding.ASCII.GetChars(text.Slice(at, plain), _characters.AsSpan(length));
            at += plain;
            switch (text[at])
            {
                case (byte)'"':
                    _at += at + 2;
                    characters = _characters.AsSpan(0, length);
                    return true;
                case (byte)'\\':
                    if (!TryEscape(text[at..], out var character, out var taken))
                    {
                        return false;
                    }

                    _characters[length++] = character;
                    at += taken;
                    break;
                default:
                    if (Rune.DecodeFromUtf8(text[at..], out var rune, out taken) != OperationStatus.Done)
                    {
                        return false;
                    }

                    length += rune.EncodeToUtf16(_characters.AsSpan(length));
                    at += taken;
                    break;
            }

            plain = text[at..].IndexOfAny(Unusual);
            if (plain < 0)
            {
                return false;
            }
        }
    }

    private static bool TryEscape(ReadOnlySpan<byte> text, out char character, out int taken)
    {
        taken = 2;
        character = text.Length < 2 ? '\0' : (char)text[1] switch
        {
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '"' or '\\' or '/' => (char)text[1],
            _ => '\0',
        };
        if (character != '\0')
        {
            return true;
        }

        taken = 6;
        if (text.Length < taken || text[1] != 'u' || !Utf8Parser.TryParse(text[2..taken], out ushort code, out var digits, 'x') || digits != 4)
        {
            return false;
        }

        character = (char)code;
        return true;
    }

    private void PutNameTag()
    {
        if (_nameLength == _nameBytes.Length)
        {
            Array.Resize(ref _nameBytes, 2 * _nameBytes.Length);
        }

        _nameBytes[_nameLength++] = StringName;
    }

    private static void PutString(ref byte[] target, ref int length, ReadOnlySpan<byte> ascii)
    {
        if (target.Length - length < ascii.Length + 5)
        {
            Array.Resize(ref target, Math.Max(2 * target.Length, length + ascii.Length + 5));
        }

        length += PutVarint(target.AsSpan(length), (uint)ascii.Length << 1);
        ascii.CopyTo(target.AsSpan(length));
        length += ascii.Length;
    }

    // Bytes of Latin-1 where they do, else pairs of bytes.
    private static void PutString(ref byte[] target, ref int length, ReadOnlySpan<char> characters)
    {
        var isWide = characters.ContainsAnyExceptInRange('\0', '\u00ff');
        var bytes = characters.Length * (isWide ? sizeof(char) : 1);
        if (target.Length - length < bytes + 5)
        {
            Array.Resize(ref target, Math.Max(2 * target.Length, length + bytes + 5));
        }

        length += PutVarint(target.AsSpan(length), ((uint)characters.Length << 1) | (isWide ? 1u : 0));
        if (isWide)
        {
            MemoryMarshal.AsBytes(characters).CopyTo(target.AsSpan(length));
        }
        else
        {
            Encoding.Latin1.GetBytes(characters, target.AsSpan(length));
        }

        length += bytes;
    }
}
