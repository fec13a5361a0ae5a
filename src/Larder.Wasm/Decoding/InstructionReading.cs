using System.Runtime.CompilerServices;

namespace Larder.Wasm.Decoding;

/// <summary>
/// Reads opcodes and immediates. The validator and the compiler walk code with these, so both see the same instructions.
/// Source: WebAssembly 2.0, section 5.4.
/// </summary>
internal static class InstructionReading
{
    private const int EmptyBlock = -64;

    /// <summary>Reads an opcode with its prefix. The number can be one that no instruction has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Opcode ReadOpcode(this ref ByteReader reader)
    {
        var first = reader.ReadByte();
        return first < 0xFB ? (Opcode)first : reader.ReadPrefixed(first);
    }

    /// <summary>Reads a memory argument.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="align">The alignment as an exponent of two.</param>
    /// <param name="memory">Index of the memory.</param>
    /// <param name="offset">The offset; up to 64 bits.</param>
    /// <param name="multipleMemories">Whether an index of a memory may be given.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadMemoryArgument(
        this ref ByteReader reader,
        out uint align,
        out int memory,
        out ulong offset,
        bool multipleMemories = true)
    {
        var start = reader.Position;
        align = reader.ReadU32();
        memory = 0;
        if (align >= 0x40)
        {
            if (align >= 0x80 || !multipleMemories)
            {
                throw reader.MalformedAt(start, "malformed memop flags");
            }

            align &= 0x3F;
            memory = reader.ReadIndex();
        }

        offset = reader.ReadU64();
    }

    /// <summary>Reads the type of a block.</summary>
    public static BlockType ReadBlockType(this ref ByteReader reader)
    {
        var start = reader.Position;
        var first = reader.PeekByte();
        if (first is >= 0x40 and < 0x80)
        {
            if (first == EmptyBlock + 0x80)
            {
                reader.ReadByte();
                return new BlockType(-1, WasmType.None);
            }

            return new BlockType(-1, reader.ReadValueType());
        }

        var index = reader.ReadS33();
        return index >= 0
            ? new BlockType((int)Math.Min(index, int.MaxValue), WasmType.None)
            : throw reader.MalformedAt(start, "malformed block type");
    }

    /// <summary>Reads a value type.</summary>
    public static WasmType ReadValueType(this ref ByteReader reader)
    {
        var start = reader.Position;
        var code = reader.ReadByte();
        switch (code)
        {
            case 0x7F or 0x7E or 0x7D or 0x7C or 0x7B or 0x70 or 0x6F:
                return (WasmType)code;
            case 0x63:
                // The long form of a nullable reference: funcref and externref are abbreviations of two of these.
                return reader.ReadHeapType();
            default:
                throw UnknownType(in reader, start, code, "malformed value type");
        }
    }

    /// <summary>Reads a reference type.</summary>
    public static WasmType ReadReferenceType(this ref ByteReader reader)
    {
        var start = reader.Position;
        var code = reader.ReadByte();
        return code switch
        {
            0x70 or 0x6F => (WasmType)code,
            0x63 => reader.ReadHeapType(),
            _ => throw UnknownType(in reader, start, code, "malformed reference type"),
        };
    }

    /// <summary>Reads what a reference points to, as behind <c>ref.null</c>; returned is the nullable reference to it.</summary>
    public static WasmType ReadHeapType(this ref ByteReader reader)
    {
        var start = reader.Position;
        var code = reader.ReadByte();
        if (code is 0x70 or 0x6F)
        {
            return (WasmType)code;
        }

        throw code < 0x40
            ? reader.UnsupportedAt(start, "typed function references")
            : UnknownType(in reader, start, code, "malformed reference type");
    }

    private static WasmException UnknownType(in ByteReader reader, int position, byte code, string message) => code switch
    {
        0x64 => reader.UnsupportedAt(position, "typed function references"),
        0x69 or 0x74 => reader.UnsupportedAt(position, "exception references"),
        >= 0x6A and <= 0x6E or >= 0x71 and <= 0x73 => reader.UnsupportedAt(position, "garbage collection"),
        _ => reader.MalformedAt(position, $"{message} 0x{code:x2}"),
    };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Opcode ReadPrefixed(this ref ByteReader reader, byte prefix)
    {
        var start = reader.Position - 1;
        var number = reader.ReadU32();
        return prefix switch
        {
            0xFB => throw reader.UnsupportedAt(start, "garbage collection"),
            0xFC when number <= 0xFF => (Opcode)(0xFC00 + (int)number),
            0xFD when number <= 0xFFF => (Opcode)((int)Opcode.SimdBase + (int)number),
            0xFE => throw reader.UnsupportedAt(start, "threads"),
            _ => throw reader.MalformedAt(start, $"illegal opcode {prefix:x2} {number:x}"),
        };
    }
}
