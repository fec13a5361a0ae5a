namespace Larder.Wasm.Modules;

/// <summary>The type of a global variable.</summary>
/// <param name="Type">Type of its value.</param>
/// <param name="IsMutable">Whether it can be set.</param>
public readonly record struct GlobalType(WasmType Type, bool IsMutable);
