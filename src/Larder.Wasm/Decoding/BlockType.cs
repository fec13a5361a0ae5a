using System.Collections.Immutable;

namespace Larder.Wasm.Decoding;

/// <summary>What a block takes and leaves: the index of a function type, or nothing and at most one value.</summary>
/// <param name="TypeIndex">Index into the type section; -1 when the block names none.</param>
/// <param name="Result">The only result when <see cref="TypeIndex"/> is -1; <see cref="WasmType.None"/> for none.</param>
internal readonly record struct BlockType(int TypeIndex, WasmType Result)
{
    private static readonly ImmutableArray<WasmType> I32 = [WasmType.I32];
    private static readonly ImmutableArray<WasmType> I64 = [WasmType.I64];
    private static readonly ImmutableArray<WasmType> F32 = [WasmType.F32];
    private static readonly ImmutableArray<WasmType> F64 = [WasmType.F64];
    private static readonly ImmutableArray<WasmType> V128 = [WasmType.V128];
    private static readonly ImmutableArray<WasmType> FuncRef = [WasmType.FuncRef];
    private static readonly ImmutableArray<WasmType> ExternRef = [WasmType.ExternRef];

    /// <summary>Types of the block's parameters; the type index must be valid.</summary>
    public ImmutableArray<WasmType> Parameters(WasmModule module) =>
        TypeIndex >= 0 ? module.Types[TypeIndex].Parameters : [];

    /// <summary>Types of the block's results; the type index must be valid.</summary>
    public ImmutableArray<WasmType> Results(WasmModule module) =>
        TypeIndex >= 0 ? module.Types[TypeIndex].Results : One(Result);

    /// <summary>The list of this one type, without allocation; of none for <see cref="WasmType.None"/>.</summary>
    public static ImmutableArray<WasmType> One(WasmType type) => type switch
    {
        WasmType.I32 => I32,
        WasmType.I64 => I64,
        WasmType.F32 => F32,
        WasmType.F64 => F64,
        WasmType.V128 => V128,
        WasmType.FuncRef => FuncRef,
        WasmType.ExternRef => ExternRef,
        _ => [],
    };
}
