using System.Reflection;
using System.Reflection.Metadata;
using Larder.Wasm.Runtime;

namespace Larder.Wasm.Compilation;

/// <summary>An instruction that takes operands and leaves one result, and needs nothing else.</summary>
/// <param name="Operands">How many operands it takes.</param>
/// <param name="Result">Type of its result.</param>
/// <param name="Code">Its code; empty when <see cref="Method"/> does it.</param>
/// <param name="Method">The method that does it, or null.</param>
/// <param name="CountMask">Of a shift: the bits of the count that matter; 0 for everything else.</param>
/// <param name="MakesNaN">Whether it does arithmetic on floats, so that a NaN result has a new payload.</param>
/// <param name="TakesAnyNaN">Whether its result does not depend on the payload or sign of a NaN operand.</param>
internal sealed record SimpleInstruction(
    int Operands,
    WasmType Result,
    ILOpCode[] Code,
    MethodInfo? Method,
    int CountMask,
    bool MakesNaN,
    bool TakesAnyNaN)
{
    /// <summary>Of a comparison: the branch that is taken when it holds; null for everything else.</summary>
    public ILOpCode? BranchIfTrue { get; init; }

    /// <summary>Of a comparison: the branch that is taken when it does not hold.</summary>
    public ILOpCode BranchIfFalse { get; init; }

    /// <summary>How an instruction on integers makes its result of their bits.</summary>
    public Combination Combination { get; init; }
}

/// <summary>How the bits of operands come to be those of a result.</summary>
internal enum Combination : byte
{
    /// <summary>As none of the others: by a comparison, by counting, or from floats.</summary>
    None,

    /// <summary>In a way that may leave those of one operand as they are.</summary>
    Other,

    /// <summary>By a bitwise or, exclusive or not.</summary>
    Join,

    /// <summary>By a rotation.</summary>
    Rotation,
}

/// <summary>The numeric instructions by their opcode.</summary>
internal static class SimpleInstructions
{
    private static readonly SimpleInstruction?[] Table = Build();

    /// <summary>The instruction with this opcode, or null when it is not a numeric one.</summary>
    public static SimpleInstruction? Find(Opcode opcode)
    {
        var index = (int)opcode >= 0xFC00 ? (int)opcode - 0xFC00 + 256 : (int)opcode;
        return (uint)index < (uint)Table.Length ? Table[index] : null;
    }

    private static SimpleInstruction?[] Build()
    {
        var table = new SimpleInstruction?[256 + 8];
        for (var opcode = Opcode.I32Eqz; opcode <= Opcode.I64Extend32S; opcode++)
        {
            table[(int)opcode] = Describe(opcode);
        }

        for (var opcode = Opcode.I32TruncSatF32S; opcode <= Opcode.I64TruncSatF64U; opcode++)
        {
            table[(int)opcode - 0xFC00 + 256] = Describe(opcode);
        }

        return table;
    }

    private static SimpleInstruction Describe(Opcode opcode)
    {
        var name = opcode.ToString();
        var operandType = name[..3];
        var operation = name[3..];
        var comparison = Comparison(operandType, operation);
        if (comparison is not null)
        {
            var (ifTrue, ifFalse) = Branches(operation, operandType[0] == 'F');
            return new SimpleInstruction(operation == "Eqz" ? 1 : 2, WasmType.I32, comparison, null, 0, false, true)
            {
                BranchIfTrue = ifTrue,
                BranchIfFalse = ifFalse,
            };
        }

        var result = Enum.Parse<WasmType>(operandType);
        var isFloat = result is WasmType.F32 or WasmType.F64;
        var operands = operation is "Add" or "Sub" or "Mul" or "Div" or "Min" or "Max" or "Copysign" or "DivS" or "DivU"
            or "RemS" or "RemU" or "And" or "Or" or "Xor" or "Shl" or "ShrS" or "ShrU" or "Rotl" or "Rotr" ? 2 : 1;
        var isConversion = operation.StartsWith("Convert", StringComparison.Ordinal)
            || operation.StartsWith("Reinterpret", StringComparison.Ordinal);
        var keepsPayload = operation is "Abs" or "Neg" or "Copysign";
        var code = Code(operandType, operation);
        return new SimpleInstruction(
            operands,
            result,
            code ?? [],
            code is null ? Method(name) : null,
            !operation.StartsWith("Sh", StringComparison.Ordinal) ? 0 : result == WasmType.I32 ? 31 : 63,
            isFloat && !isConversion && !keepsPayload,
            !keepsPayload && !operation.StartsWith("Reinterpret", StringComparison.Ordinal))
        {
            Combination = isFloat ? Combination.None : CombinationOf(operation),
        };
    }

    private static Combination CombinationOf(string operation) => operation switch
    {
        "Rotl" or "Rotr" => Combination.Rotation,
        "Or" or "Xor" => Combination.Join,
        "Shl" or "ShrU" or "Add" or "Sub" or "Mul" or "And" or "ShrS" or "DivS" or "DivU" or "RemS" or "RemU" or "WrapI64" => Combination.Other,
        _ when operation.StartsWith("Extend", StringComparison.Ordinal) => Combination.Other,
        _ => Combination.None,
    };

    private static MethodInfo Method(string name) => name switch
    {
        "F32Sqrt" => typeof(MathF).GetMethod(nameof(MathF.Sqrt))!,
        "F64Sqrt" => typeof(Math).GetMethod(nameof(Math.Sqrt))!,
        "I32ReinterpretF32" => typeof(BitConverter).GetMethod(nameof(BitConverter.SingleToInt32Bits))!,
        "I64ReinterpretF64" => typeof(BitConverter).GetMethod(nameof(BitConverter.DoubleToInt64Bits))!,
        "F64ReinterpretI64" => typeof(BitConverter).GetMethod(nameof(BitConverter.Int64BitsToDouble))!,
        _ => typeof(Numerics).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            ?? throw new InvalidOperationException($"The numeric instruction {name} has no method."),
    };

    private static ILOpCode[]? Comparison(string type, string operation)
    {
        var isFloat = type[0] == 'F';
        return operation switch
        {
            "Eqz" => type == "I32"
                ? [ILOpCode.Ldc_i4_0, ILOpCode.Ceq]
                : [ILOpCode.Ldc_i4_0, ILOpCode.Conv_i8, ILOpCode.Ceq],
            "Eq" => [ILOpCode.Ceq],
            "Ne" => [ILOpCode.Ceq, ILOpCode.Ldc_i4_0, ILOpCode.Ceq],
            "Lt" or "LtS" => [ILOpCode.Clt],
            "LtU" => [ILOpCode.Clt_un],
            "Gt" or "GtS" => [ILOpCode.Cgt],
            "GtU" => [ILOpCode.Cgt_un],
            "LeU" => [ILOpCode.Cgt_un, ILOpCode.Ldc_i4_0, ILOpCode.Ceq],
            "Le" or "LeS" => [isFloat ? ILOpCode.Cgt_un : ILOpCode.Cgt, ILOpCode.Ldc_i4_0, ILOpCode.Ceq],
            "GeU" => [ILOpCode.Clt_un, ILOpCode.Ldc_i4_0, ILOpCode.Ceq],
            "Ge" or "GeS" => [isFloat ? ILOpCode.Clt_un : ILOpCode.Clt, ILOpCode.Ldc_i4_0, ILOpCode.Ceq],
            _ => null,
        };
    }

    // With a NaN no comparison but "not equal" holds.
    private static (ILOpCode IfTrue, ILOpCode IfFalse) Branches(string operation, bool isFloat) => operation switch
    {
        "Eqz" => (ILOpCode.Brfalse, ILOpCode.Brtrue),
        "Eq" => (ILOpCode.Beq, ILOpCode.Bne_un),
        "Ne" => (ILOpCode.Bne_un, ILOpCode.Beq),
        "Lt" or "LtS" => (ILOpCode.Blt, isFloat ? ILOpCode.Bge_un : ILOpCode.Bge),
        "LtU" => (ILOpCode.Blt_un, ILOpCode.Bge_un),
        "Gt" or "GtS" => (ILOpCode.Bgt, isFloat ? ILOpCode.Ble_un : ILOpCode.Ble),
        "GtU" => (ILOpCode.Bgt_un, ILOpCode.Ble_un),
        "Le" or "LeS" => (ILOpCode.Ble, isFloat ? ILOpCode.Bgt_un : ILOpCode.Bgt),
        "LeU" => (ILOpCode.Ble_un, ILOpCode.Bgt_un),
        "Ge" or "GeS" => (ILOpCode.Bge, isFloat ? ILOpCode.Blt_un : ILOpCode.Blt),
        _ => (ILOpCode.Bge_un, ILOpCode.Blt_un),
    };

    // What one or a few instructions of the common language do just as the specification asks.
    private static ILOpCode[]? Code(string type, string operation) => (type, operation) switch
    {
        (_, "Add") => [ILOpCode.Add],
        (_, "Sub") => [ILOpCode.Sub],
        (_, "Mul") => [ILOpCode.Mul],
        (_, "Div") => [ILOpCode.Div],
        (_, "DivS") => [ILOpCode.Div],
        (_, "DivU") => [ILOpCode.Div_un],
        (_, "RemU") => [ILOpCode.Rem_un],
        (_, "And") => [ILOpCode.And],
        (_, "Or") => [ILOpCode.Or],
        (_, "Xor") => [ILOpCode.Xor],
        (_, "Shl") => [ILOpCode.Shl],
        (_, "ShrS") => [ILOpCode.Shr],
        (_, "ShrU") => [ILOpCode.Shr_un],
        ("I32", "WrapI64") => [ILOpCode.Conv_i4],
        ("I64", "ExtendI32S") => [ILOpCode.Conv_i8],
        ("I64", "ExtendI32U") => [ILOpCode.Conv_u8],
        ("F32", "ConvertI32S") => [ILOpCode.Conv_r4],
        ("F64", "ConvertI32S" or "ConvertI64S") => [ILOpCode.Conv_r8],
        ("I32", "Extend8S") => [ILOpCode.Conv_i1],
        ("I32", "Extend16S") => [ILOpCode.Conv_i2],
        ("I64", "Extend8S") => [ILOpCode.Conv_i1, ILOpCode.Conv_i8],
        ("I64", "Extend16S") => [ILOpCode.Conv_i2, ILOpCode.Conv_i8],
        ("I64", "Extend32S") => [ILOpCode.Conv_i4, ILOpCode.Conv_i8],
        _ => null,
    };
}
