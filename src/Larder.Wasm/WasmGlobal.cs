using Larder.Wasm.Execution;

namespace Larder.Wasm;

/// <summary>A global variable of a store. Like the store, for one thread at a time.</summary>
public sealed unsafe class WasmGlobal
{
    private readonly byte* _cell;

    internal WasmGlobal(Store store, GlobalType type, byte* cell)
    {
        Store = store;
        Type = type;
        _cell = cell;
    }

    /// <summary>Creates a global that instances of the store can import.</summary>
    /// <exception cref="ArgumentException">The value is not of the type.</exception>
    public WasmGlobal(Store store, GlobalType type, WasmValue value)
    {
        ArgumentNullException.ThrowIfNull(store);
        Store = store;
        Type = type;
        _cell = store.Allocate(RawValue.Bytes);
        Write(value);
    }

    /// <summary>The store that it belongs to.</summary>
    public Store Store { get; }

    /// <summary>Its type.</summary>
    public GlobalType Type { get; }

    /// <summary>Its value.</summary>
    /// <exception cref="InvalidOperationException">It is set and not mutable.</exception>
    /// <exception cref="ArgumentException">The value that is set is not of its type.</exception>
    public WasmValue Value
    {
        get
        {
            Store.ThrowIfDisposed();
            return Values.FromRaw(Store, Type.Type, (RawValue*)_cell);
        }

        set
        {
            Store.ThrowIfDisposed();
            if (!Type.IsMutable)
            {
                throw new InvalidOperationException("The global is not mutable.");
            }

            Write(value);
        }
    }

    internal byte* Cell => _cell;

    private void Write(WasmValue value)
    {
        RawValue raw = default;
        Values.ToRaw(Store, Type.Type, value, &raw);
        Copy(Type.Type, &raw, _cell);
    }

    // A cell is as wide as its type, so nothing more may be written.
    internal static void Copy(WasmType type, RawValue* from, byte* to)
    {
        if (type == WasmType.V128)
        {
            *(UInt128*)to = from->V128;
        }
        else
        {
            *(long*)to = from->I64;
        }
    }
}
