namespace Larder.Wasm.Execution;

/// <summary>The function type that types of the language stand for, found once.</summary>
/// <typeparam name="TParameters">A tuple of the parameters' types.</typeparam>
/// <typeparam name="TResult">The result's type; <see cref="ValueTuple"/> for none.</typeparam>
internal static class TypedSignature<TParameters, TResult>
    where TParameters : struct
    where TResult : struct
{
    /// <summary>The type; null when one of the types stands for none of the guest.</summary>
    public static readonly CanonicalType? Type = Find();

    private static CanonicalType? Find()
    {
        var parameters = typeof(TParameters).GetGenericArguments().Select(ValueType).ToArray();
        WasmType[] results = typeof(TResult) == typeof(ValueTuple) ? [] : [ValueType(typeof(TResult))];
        return parameters.Contains(WasmType.None) || results.Contains(WasmType.None)
            ? null
            : CanonicalTypes.Get(new FunctionType([.. parameters], [.. results]));
    }

    private static WasmType ValueType(Type type) =>
        type == typeof(int) || type == typeof(uint) ? WasmType.I32
        : type == typeof(long) || type == typeof(ulong) ? WasmType.I64
        : type == typeof(float) ? WasmType.F32
        : type == typeof(double) ? WasmType.F64
        : WasmType.None;
}
