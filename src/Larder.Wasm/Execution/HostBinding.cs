namespace Larder.Wasm.Execution;

/// <summary>A host function as one instance imports it.</summary>
internal sealed class HostBinding(Store store, Instance caller, WasmFunction function)
{
    public Store Store { get; } = store;

    public Instance Caller { get; } = caller;

    public WasmFunction Function { get; } = function;
}
