using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.Intrinsics;
using Larder.Wasm.Runtime;

namespace Larder.Wasm.Validation;

/// <summary>What follows a vector instruction's opcode.</summary>
internal enum SimdImmediate
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A memory argument: alignment, offset and perhaps a memory.</summary>
    Memory,

    /// <summary>A memory argument and a lane.</summary>
    MemoryLane,

    /// <summary>A lane.</summary>
    Lane,

    /// <summary>Sixteen bytes: a constant.</summary>
    Constant,

    /// <summary>Sixteen lane indices below 32.</summary>
    Shuffle,
}

/// <summary>One vector instruction: its types, its immediate and the method that carries it out.</summary>
/// <param name="Code">The number behind prefix 0xFD.</param>
/// <param name="Name">Its name in the text format.</param>
/// <param name="Parameters">What it pops, in order; an address is i32 here.</param>
/// <param name="Result">What it pushes; <see cref="WasmType.None"/> for nothing.</param>
/// <param name="Immediate">What follows the opcode.</param>
/// <param name="AccessBytes">Bytes that it reads or writes in memory; 0 for none.</param>
/// <param name="Lanes">Number of lanes that its lane immediate may name.</param>
/// <param name="Method">
/// The static method. Without memory access it takes the parameters, then the lane as an int. With memory access it
/// takes the checked address as a byte pointer in place of the first parameter, then the others, then the lane. Null
/// for <c>v128.const</c> and <c>i8x16.shuffle</c>, which the compiler handles itself.
/// </param>
internal sealed record SimdInstruction(
    int Code,
    string Name,
    ImmutableArray<WasmType> Parameters,
    WasmType Result,
    SimdImmediate Immediate,
    int AccessBytes,
    int Lanes,
    MethodInfo? Method);

/// <summary>
/// The vector instructions by their number. Built once, from the names: the method of <c>i8x16.add_sat_s</c> is
/// <c>Simd.I8x16AddSatS</c>, and a method that is missing or has another signature fails the construction.
/// Source: WebAssembly 2.0, section 5.4.8.
/// </summary>
internal static partial class SimdInstructions
{
    private const int Count = 256;

    private static readonly SimdInstruction?[] Table = Build();

    /// <summary>The instruction with this number behind prefix 0xFD, or null.</summary>
    public static SimdInstruction? Find(int code)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(code);
        return code < Table.Length ? Table[code] : null;
    }

    private static SimdInstruction Create(int code, string name, in Shape shape)
    {
        var method = shape.Immediate is SimdImmediate.Constant or SimdImmediate.Shuffle ? null : Resolve(name, shape);
        return new SimdInstruction(
            code, name, shape.Parameters, shape.Result, shape.Immediate, shape.AccessBytes, shape.Lanes, method);
    }

    private static MethodInfo Resolve(string name, in Shape shape)
    {
        var types = shape.Parameters.Select(ToClr).ToList();
        if (shape.AccessBytes != 0)
        {
            types[0] = typeof(byte*);
        }

        if (shape.Lanes != 0)
        {
            types.Add(typeof(int));
        }

        const BindingFlags Binding = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var method = typeof(Simd).GetMethod(ToMethodName(name), Binding, [.. types]);
        return method is not null && method.ReturnType == ToClr(shape.Result)
            ? method
            : throw new MissingMethodException(nameof(Simd), ToMethodName(name));
    }

    /// <summary>The name's parts joined, each with a capital: <c>i8x16.add_sat_s</c> is I8x16AddSatS.</summary>
    private static string ToMethodName(string name) =>
        string.Concat(name.Split('.', '_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));

    private static Type ToClr(WasmType type) => type switch
    {
        WasmType.I32 => typeof(int),
        WasmType.I64 => typeof(long),
        WasmType.F32 => typeof(float),
        WasmType.F64 => typeof(double),
        WasmType.V128 => typeof(Vector128<byte>),
        _ => typeof(void),
    };

    /// <summary>What an instruction is apart from its number and name.</summary>
    private readonly record struct Shape(
        ImmutableArray<WasmType> Parameters,
        WasmType Result,
        SimdImmediate Immediate = SimdImmediate.None,
        int AccessBytes = 0,
        int Lanes = 0);
}
