namespace Larder.Wasm;

/// <summary>Parts of the specification that can be switched.</summary>
[Flags]
public enum WasmFeatures
{
    /// <summary>WebAssembly 1.0 with sign extension, saturating conversion, multiple values and mutable globals.</summary>
    Core = 0,

    /// <summary>Bulk memory and tables.</summary>
    BulkMemory = 1,

    /// <summary>Reference types and several tables.</summary>
    ReferenceTypes = 2,

    /// <summary>Fixed-width SIMD.</summary>
    Simd = 4,

    /// <summary>Tail calls.</summary>
    TailCalls = 8,

    /// <summary>Extended constant expressions.</summary>
    ExtendedConstants = 16,

    /// <summary>Several memories in a module.</summary>
    MultiMemory = 32,

    /// <summary>Memories and tables with 64-bit addresses.</summary>
    Memory64 = 64,

    /// <summary>All of WebAssembly 2.0.</summary>
    Version2 = BulkMemory | ReferenceTypes | Simd,

    /// <summary>What the engine takes unless told otherwise.</summary>
    Default = Version2 | TailCalls | ExtendedConstants | MultiMemory,
}
