using System.Collections.Immutable;
using System.Reflection;

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
/// The static method. Without memory access it takes the parameters, then the lane as an int. With memory access it takes
/// the checked address as a byte pointer in place of the first parameter, then the others, then the lane. Null for
/// <c>v128.const</c> and <c>i8x16.shuffle</c>, which the compiler handles itself.
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

/// <summary>The vector instructions by their number.</summary>
internal static class SimdInstructions
{
    /// <summary>The instruction with this number behind prefix 0xFD, or null.</summary>
    public static SimdInstruction? Find(int code) => code < 0 ? throw new ArgumentOutOfRangeException(nameof(code)) : null;
}
