using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Larder.Wasm.Decoding;

/// <summary>
/// Reads the elements of the binary format from a window of a module. Everything that does not fit the grammar is a
/// <see cref="WasmException"/> of kind <see cref="WasmErrorKind.Malformed"/> with its place; nothing else is thrown.
/// Source: WebAssembly 2.0, section 5.2.
/// </summary>
internal ref struct ByteReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly long _origin;
    private readonly string? _section;
    private readonly int _function;
    private int _position;

    /// <summary>Creates a reader at the start of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">What is read.</param>
    /// <param name="origin">Offset of the first byte in the module, for messages.</param>
    /// <param name="section">The section's name, for messages; null outside of sections.</param>
    /// <param name="function">Index of the function, for messages; -1 outside of functions.</param>
    public ByteReader(ReadOnlySpan<byte> bytes, long origin = 0, string? section = null, int function = -1)
    {
        _bytes = bytes;
        _origin = origin;
        _section = section;
        _function = function;
    }

    /// <summary>Where the next byte is read, from the start of the window.</summary>
    public readonly int Position => _position;

    /// <summary>Where the next byte is read, from the start of the module.</summary>
    public readonly long Offset => _origin + _position;

    /// <summary>Number of bytes that are left.</summary>
    public readonly int Remaining => _bytes.Length - _position;

    /// <summary>Whether all bytes are read.</summary>
    public readonly bool AtEnd => _position == _bytes.Length;

    /// <summary>The place of the next byte.</summary>
    public readonly ModuleLocation Location => LocationAt(_position);

    /// <summary>Reads one byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte ReadByte()
    {
        var position = _position;
        if ((uint)position >= (uint)_bytes.Length)
        {
            ThrowEnd();
        }

        _position = position + 1;
        return _bytes[position];
    }

    /// <summary>The next byte without reading it.</summary>
    public readonly byte PeekByte()
    {
        if (AtEnd)
        {
            ThrowEnd();
        }

        return _bytes[_position];
    }

    /// <summary>Reads <paramref name="count"/> bytes; they stay part of the window.</summary>
    public ReadOnlySpan<byte> ReadBytes(uint count)
    {
        if (count > (uint)Remaining)
        {
            throw Malformed($"length out of bounds: unexpected end, {count} bytes are announced and {Remaining} are left");
        }

        var bytes = _bytes.Slice(_position, (int)count);
        _position += (int)count;
        return bytes;
    }

    /// <summary>Passes over <paramref name="count"/> bytes.</summary>
    public void Skip(int count) => ReadBytes((uint)count);

    /// <summary>Reads an unsigned 32-bit integer in LEB128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadU32()
    {
        var position = _position;
        if ((uint)position < (uint)_bytes.Length && _bytes[position] < 0x80)
        {
            _position = position + 1;
            return _bytes[position];
        }

        return (uint)ReadUnsigned(32);
    }

    /// <summary>Reads an unsigned 64-bit integer in LEB128.</summary>
    public ulong ReadU64() => ReadUnsigned(64);

    /// <summary>Reads a signed 32-bit integer in LEB128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadS32()
    {
        var position = _position;
        if ((uint)position < (uint)_bytes.Length && _bytes[position] < 0x80)
        {
            _position = position + 1;
            return (_bytes[position] << 25) >> 25;
        }

        return (int)ReadSigned(32);
    }

    /// <summary>Reads a signed 33-bit integer in LEB128.</summary>
    public long ReadS33() => ReadSigned(33);

    /// <summary>Reads a signed 64-bit integer in LEB128.</summary>
    public long ReadS64() => ReadSigned(64);

    /// <summary>Reads the bits of a 32-bit float.</summary>
    public uint ReadF32Bits() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4));

    /// <summary>Reads the bits of a 64-bit float.</summary>
    public ulong ReadF64Bits() => BinaryPrimitives.ReadUInt64LittleEndian(ReadBytes(8));

    /// <summary>
    /// Reads an index. What an int cannot hold becomes <see cref="int.MaxValue"/>, which no index space reaches.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadIndex()
    {
        var index = ReadU32();
        return index > int.MaxValue ? int.MaxValue : (int)index;
    }

    /// <summary>Reads a name.</summary>
    /// <param name="limitBytes">Length from which on the name is refused.</param>
    public string ReadName(int limitBytes)
    {
        var start = _position;
        var length = ReadU32();
        var bytes = ReadBytes(length);
        if (length > (uint)limitBytes)
        {
            throw new WasmException(
                WasmErrorKind.LimitExceeded, $"name of {length} bytes, at most {limitBytes} are allowed", LocationAt(start));
        }

        return Utf8.IsValid(bytes)
            ? Encoding.UTF8.GetString(bytes)
            : throw MalformedAt(start, "malformed UTF-8 encoding in a name");
    }

    /// <summary>An error at the next byte.</summary>
    public readonly WasmException Malformed(string message) => MalformedAt(_position, message);

    /// <summary>An error at <paramref name="position"/> of the window.</summary>
    public readonly WasmException MalformedAt(int position, string message) =>
        new(WasmErrorKind.Malformed, message, LocationAt(position));

    /// <summary>An error about a known feature that is missing, at <paramref name="position"/> of the window.</summary>
    public readonly WasmException UnsupportedAt(int position, string feature) =>
        new(WasmErrorKind.Unsupported, $"{feature}: not supported or switched off", LocationAt(position));

    /// <summary>The place of <paramref name="position"/> of the window.</summary>
    public readonly ModuleLocation LocationAt(int position) => new(_section, _origin + position, _function);

    private ulong ReadUnsigned(int bits)
    {
        var start = _position;
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var left = bits - shift;
            if (left <= 0)
            {
                throw MalformedAt(start, "integer representation too long");
            }

            var piece = ReadByte();
            if (left < 7 && (piece & 0x7F) >> left != 0)
            {
                throw MalformedAt(start, "integer too large");
            }

            value |= (ulong)(piece & 0x7F) << shift;
            if ((piece & 0x80) == 0)
            {
                return value;
            }
        }
    }

    private long ReadSigned(int bits)
    {
        var start = _position;
        var value = 0L;
        for (var shift = 0; ; shift += 7)
        {
            var left = bits - shift;
            if (left <= 0)
            {
                throw MalformedAt(start, "integer representation too long");
            }

            var piece = ReadByte();
            if (left < 7)
            {
                // All bits from the sign bit on must be equal.
                var unused = (piece & 0x7F) >> (left - 1);
                if (unused != 0 && unused != 0x7F >> (left - 1))
                {
                    throw MalformedAt(start, "integer too large");
                }
            }

            value |= (long)(piece & 0x7F) << shift;
            if ((piece & 0x80) == 0)
            {
                var used = shift + 7;
                return used < 64 ? (value << (64 - used)) >> (64 - used) : value;
            }
        }
    }

    private readonly void ThrowEnd() => throw Malformed(
        _function >= 0 ? "unexpected end of section or function: END opcode expected"
        : _section is null ? "unexpected end"
        : "unexpected end of section or function");
}
