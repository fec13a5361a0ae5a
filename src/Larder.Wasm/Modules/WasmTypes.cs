namespace Larder.Wasm.Modules;

/// <summary>What the engine asks of value types.</summary>
internal static class WasmTypes
{
    /// <summary>The type's name in the text format.</summary>
    public static string ToText(this WasmType type) => type switch
    {
        WasmType.I32 => "i32",
        WasmType.I64 => "i64",
        WasmType.F32 => "f32",
        WasmType.F64 => "f64",
        WasmType.V128 => "v128",
        WasmType.FuncRef => "funcref",
        WasmType.ExternRef => "externref",
        _ => "unknown",
    };

    /// <summary>Whether values of the type are references.</summary>
    public static bool IsReference(this WasmType type) => type is WasmType.FuncRef or WasmType.ExternRef;

    /// <summary>Whether values of the type are numbers, vectors not counted.</summary>
    public static bool IsNumber(this WasmType type) =>
        type is WasmType.I32 or WasmType.I64 or WasmType.F32 or WasmType.F64;
}
