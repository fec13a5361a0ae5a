namespace Larder.Wasm;

/// <summary>What the host does when the guest calls a host function.</summary>
/// <param name="caller">The instance that imported the function.</param>
/// <param name="arguments">Arguments, of the types that the function's type says.</param>
/// <param name="results">Where the results go; filled with zeros and nulls of the right types.</param>
public delegate void HostCallback(Instance caller, ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results);
