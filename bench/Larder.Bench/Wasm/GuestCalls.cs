using Larder.Wasm;

namespace Larder.Bench.Wasm;

/// <summary>Calls of guest functions that must not trap.</summary>
internal static class GuestCalls
{
    /// <summary>Calls a function with any results, and forgets them.</summary>
    public static void Run(WasmFunction function, params ReadOnlySpan<WasmValue> arguments)
    {
        Span<WasmValue> results = new WasmValue[function.Type.Results.Length];
        Check(function.Call(arguments, results));
    }

    /// <summary>Calls a function that returns an i32.</summary>
    public static int Number(WasmFunction function, params ReadOnlySpan<WasmValue> arguments)
    {
        WasmValue result = default;
        Check(function.Call(arguments, new Span<WasmValue>(ref result)));
        return result.I32;
    }

    private static void Check(Trap? trap)
    {
        if (trap is not null)
        {
            throw new InvalidOperationException("The guest trapped: " + trap);
        }
    }
}
