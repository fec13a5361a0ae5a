namespace Larder.Wasm.Validation;

/// <summary>
/// Types of the instructions that only compute or access memory, by their opcode. Source: WebAssembly 2.0, appendix 7.8.
/// </summary>
internal static class InstructionSignatures
{
    private const WasmType I32 = WasmType.I32;
    private const WasmType I64 = WasmType.I64;
    private const WasmType F32 = WasmType.F32;
    private const WasmType F64 = WasmType.F64;

    private static readonly NumericSignature[] Numeric = MakeNumeric();
    private static readonly AccessSignature[] Access = MakeAccess();

    private static readonly NumericSignature[] Saturating =
    [
        new(F32, 1, I32), new(F32, 1, I32), new(F64, 1, I32), new(F64, 1, I32),
        new(F32, 1, I64), new(F32, 1, I64), new(F64, 1, I64), new(F64, 1, I64),
    ];

    /// <summary>The numeric instructions by their one-byte opcode; 256 entries, those of others have no operands.</summary>
    public static ReadOnlySpan<NumericSignature> OneByte => Numeric;

    /// <summary>The loads and stores of numbers, from <see cref="Opcode.I32Load"/> on.</summary>
    public static AccessSignature AccessOf(Opcode opcode) => Access[opcode - Opcode.I32Load];

    /// <summary>The saturating conversions, from <see cref="Opcode.I32TruncSatF32S"/> on.</summary>
    public static NumericSignature SaturatingOf(Opcode opcode) => Saturating[opcode - Opcode.I32TruncSatF32S];

    private static NumericSignature[] MakeNumeric()
    {
        var table = new NumericSignature[256];
        Fill(table, Opcode.I32Eqz, Opcode.I32Eqz, new(I32, 1, I32));
        Fill(table, Opcode.I32Eq, Opcode.I32GeU, new(I32, 2, I32));
        Fill(table, Opcode.I64Eqz, Opcode.I64Eqz, new(I64, 1, I32));
        Fill(table, Opcode.I64Eq, Opcode.I64GeU, new(I64, 2, I32));
        Fill(table, Opcode.F32Eq, Opcode.F32Ge, new(F32, 2, I32));
        Fill(table, Opcode.F64Eq, Opcode.F64Ge, new(F64, 2, I32));
        Fill(table, Opcode.I32Clz, Opcode.I32Popcnt, new(I32, 1, I32));
        Fill(table, Opcode.I32Add, Opcode.I32Rotr, new(I32, 2, I32));
        Fill(table, Opcode.I64Clz, Opcode.I64Popcnt, new(I64, 1, I64));
        Fill(table, Opcode.I64Add, Opcode.I64Rotr, new(I64, 2, I64));
        Fill(table, Opcode.F32Abs, Opcode.F32Sqrt, new(F32, 1, F32));
        Fill(table, Opcode.F32Add, Opcode.F32Copysign, new(F32, 2, F32));
        Fill(table, Opcode.F64Abs, Opcode.F64Sqrt, new(F64, 1, F64));
        Fill(table, Opcode.F64Add, Opcode.F64Copysign, new(F64, 2, F64));
        Fill(table, Opcode.I32WrapI64, Opcode.I32WrapI64, new(I64, 1, I32));
        Fill(table, Opcode.I32TruncF32S, Opcode.I32TruncF32U, new(F32, 1, I32));
        Fill(table, Opcode.I32TruncF64S, Opcode.I32TruncF64U, new(F64, 1, I32));
        Fill(table, Opcode.I64ExtendI32S, Opcode.I64ExtendI32U, new(I32, 1, I64));
        Fill(table, Opcode.I64TruncF32S, Opcode.I64TruncF32U, new(F32, 1, I64));
        Fill(table, Opcode.I64TruncF64S, Opcode.I64TruncF64U, new(F64, 1, I64));
        Fill(table, Opcode.F32ConvertI32S, Opcode.F32ConvertI32U, new(I32, 1, F32));
        Fill(table, Opcode.F32ConvertI64S, Opcode.F32ConvertI64U, new(I64, 1, F32));
        Fill(table, Opcode.F32DemoteF64, Opcode.F32DemoteF64, new(F64, 1, F32));
        Fill(table, Opcode.F64ConvertI32S, Opcode.F64ConvertI32U, new(I32, 1, F64));
        Fill(table, Opcode.F64ConvertI64S, Opcode.F64ConvertI64U, new(I64, 1, F64));
        Fill(table, Opcode.F64PromoteF32, Opcode.F64PromoteF32, new(F32, 1, F64));
        Fill(table, Opcode.I32ReinterpretF32, Opcode.I32ReinterpretF32, new(F32, 1, I32));
        Fill(table, Opcode.I64ReinterpretF64, Opcode.I64ReinterpretF64, new(F64, 1, I64));
        Fill(table, Opcode.F32ReinterpretI32, Opcode.F32ReinterpretI32, new(I32, 1, F32));
        Fill(table, Opcode.F64ReinterpretI64, Opcode.F64ReinterpretI64, new(I64, 1, F64));
        Fill(table, Opcode.I32Extend8S, Opcode.I32Extend16S, new(I32, 1, I32));
        Fill(table, Opcode.I64Extend8S, Opcode.I64Extend32S, new(I64, 1, I64));
        return table;
    }

    private static void Fill(NumericSignature[] table, Opcode first, Opcode last, NumericSignature signature) =>
        table.AsSpan((int)first..((int)last + 1)).Fill(signature);

    private static AccessSignature[] MakeAccess() =>
    [
        new(I32, 2), new(I64, 3), new(F32, 2), new(F64, 3),
        new(I32, 0), new(I32, 0), new(I32, 1), new(I32, 1),
        new(I64, 0), new(I64, 0), new(I64, 1), new(I64, 1), new(I64, 2), new(I64, 2),
        new(I32, 2), new(I64, 3), new(F32, 2), new(F64, 3),
        new(I32, 0), new(I32, 1),
        new(I64, 0), new(I64, 1), new(I64, 2),
    ];
}

/// <summary>The types of an instruction that computes.</summary>
/// <param name="Operand">Type of its operands.</param>
/// <param name="OperandCount">One or two; 0 when there is no such instruction.</param>
/// <param name="Result">Type of its result.</param>
internal readonly record struct NumericSignature(WasmType Operand, byte OperandCount, WasmType Result);

/// <summary>The types of an instruction that loads or stores.</summary>
/// <param name="Type">Type of the value.</param>
/// <param name="NaturalAlignment">Exponent of two of the number of bytes.</param>
internal readonly record struct AccessSignature(WasmType Type, byte NaturalAlignment);
