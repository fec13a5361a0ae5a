namespace Larder.Wasm.Modules;

/// <summary>The type of a table.</summary>
/// <param name="Element">Type of its elements, a reference type.</param>
/// <param name="Limits">In elements.</param>
/// <param name="Is64">Whether indices are 64-bit.</param>
public readonly record struct TableType(WasmType Element, Limits Limits, bool Is64 = false);
