using System.Collections.Immutable;

namespace Larder.Wasm.Modules;

/// <summary>How a segment is used.</summary>
internal enum SegmentMode : byte
{
    /// <summary>Copied when the instance starts, then dropped.</summary>
    Active,

    /// <summary>Copied by instructions.</summary>
    Passive,

    /// <summary>Of elements only: declares functions as referenced, dropped at the start.</summary>
    Declarative,
}

/// <summary>
/// A constant expression. <see cref="Kind"/> is the opcode of the only instruction when there is just one, then
/// <see cref="Value"/> has its immediate (bits of a number, an index, a type code); else it is
/// <see cref="Opcode.End"/> and <see cref="Code"/> is evaluated.
/// </summary>
/// <param name="Kind">The single instruction, or <see cref="Opcode.End"/>.</param>
/// <param name="Value">Immediate of the single instruction; 64 bits, zero-extended. A v128 is read from the code.</param>
/// <param name="Code">The instructions with their final <c>end</c>.</param>
/// <param name="Offset">Byte offset of the code in the module.</param>
internal readonly record struct ConstantExpression(Opcode Kind, ulong Value, ReadOnlyMemory<byte> Code, long Offset);

/// <summary>A global that the module defines.</summary>
internal sealed record GlobalDefinition(GlobalType Type, ConstantExpression Initial);

/// <summary>A table that the module defines; <see cref="Initial"/> fills it, null references when it has none.</summary>
internal sealed record TableDefinition(TableType Type, ConstantExpression? Initial);

/// <summary>A segment of references.</summary>
internal sealed record ElementSegment(SegmentMode Mode, WasmType Type, ImmutableArray<ConstantExpression> Items)
{
    /// <summary>Of an active segment: the table.</summary>
    public int Table { get; init; }

    /// <summary>Of an active segment: where it goes.</summary>
    public ConstantExpression Offset { get; init; }
}

/// <summary>A segment of bytes.</summary>
internal sealed record DataSegment(SegmentMode Mode, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Of an active segment: the memory.</summary>
    public int Memory { get; init; }

    /// <summary>Of an active segment: where it goes.</summary>
    public ConstantExpression Offset { get; init; }
}

/// <summary>A run of locals of one type.</summary>
internal readonly record struct LocalRun(int Count, WasmType Type);

/// <summary>The body of a function that the module defines.</summary>
/// <param name="Locals">Declared locals, parameters not included.</param>
/// <param name="LocalCount">Sum of the declared locals.</param>
/// <param name="Code">The instructions with their final <c>end</c>.</param>
/// <param name="Offset">Byte offset of the code in the module.</param>
internal sealed record FunctionBody(
    ImmutableArray<LocalRun> Locals,
    int LocalCount,
    ReadOnlyMemory<byte> Code,
    long Offset);
