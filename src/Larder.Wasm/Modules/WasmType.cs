namespace Larder.Wasm.Modules;

/// <summary>A value type. The numbers are the binary format's. Source: WebAssembly 2.0, section 5.3.</summary>
public enum WasmType : byte
{
    /// <summary>No type: what unreachable code pops.</summary>
    None = 0,

    /// <summary>Reference to a host object, or null.</summary>
    ExternRef = 0x6F,

    /// <summary>Reference to a function, or null.</summary>
    FuncRef = 0x70,

    /// <summary>128-bit vector.</summary>
    V128 = 0x7B,

    /// <summary>64-bit float.</summary>
    F64 = 0x7C,

    /// <summary>32-bit float.</summary>
    F32 = 0x7D,

    /// <summary>64-bit integer.</summary>
    I64 = 0x7E,

    /// <summary>32-bit integer.</summary>
    I32 = 0x7F,
}
