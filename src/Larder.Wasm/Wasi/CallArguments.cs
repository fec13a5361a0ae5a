namespace Larder.Wasm.Wasi;

/// <summary>The arguments of one call, as the specification's types read them.</summary>
internal readonly ref struct CallArguments(Store store, ReadOnlySpan<WasmValue> values)
{
    private readonly ReadOnlySpan<WasmValue> _values = values;

    /// <summary>The store of the guest that calls.</summary>
    public Store Store { get; } = store;

    public uint U32(int index) => (uint)_values[index].I32;

    public long S64(int index) => _values[index].I64;

    public ulong U64(int index) => (ulong)_values[index].I64;

    /// <summary>An address and a length, which are two arguments.</summary>
    public GuestPath Path(int index) => new(U32(index), U32(index + 1));
}
