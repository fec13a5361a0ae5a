namespace Larder.Wasm.Execution;

/// <summary>Values of the host as generated code holds them, and back.</summary>
internal static unsafe class Values
{
    public static WasmValue FromRaw(Store store, WasmType type, RawValue* raw) => type switch
    {
        WasmType.I32 => WasmValue.FromI32(raw->I32),
        WasmType.I64 => WasmValue.FromI64(raw->I64),
        WasmType.F32 => WasmValue.FromBits(WasmType.F32, (uint)raw->I32),
        WasmType.F64 => WasmValue.FromBits(WasmType.F64, (ulong)raw->I64),
        WasmType.V128 => WasmValue.FromV128(raw->V128),
        WasmType.FuncRef => WasmValue.FromFunction(store.FunctionAt(raw->Reference)),
        _ => WasmValue.FromExtern(store.ExternAt(raw->Reference)),
    };

    /// <exception cref="ArgumentException">The value has another type, or is a function of another store.</exception>
    public static void ToRaw(Store store, WasmType type, WasmValue value, RawValue* raw)
    {
        if (value.Type != type)
        {
            throw new ArgumentException($"The value is {value.Type.ToText()} where {type.ToText()} is expected.", nameof(value));
        }

        switch (type)
        {
            case WasmType.V128:
                raw->V128 = value.Bits;
                break;
            case WasmType.FuncRef:
                raw->Reference = value.Function is { } function ? function.ReferenceIn(store) : 0;
                break;
            case WasmType.ExternRef:
                raw->Reference = store.ExternNumber(value.Reference);
                break;
            default:
                raw->I64 = (long)(ulong)value.Bits;
                break;
        }
    }
}
