using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>An export of the engine with at most one result.</summary>
internal readonly struct GuestFunction(WasmFunction function)
{
    /// <summary>Calls the function for an i32, or for nothing.</summary>
    /// <exception cref="GuestTrapException">It was stopped.</exception>
    public int Call(params ReadOnlySpan<WasmValue> arguments)
    {
        WasmValue result = default;
        var hasResult = !function.Type.Results.IsEmpty;
        Run(arguments, hasResult ? new Span<WasmValue>(ref result) : []);
        return hasResult ? result.I32 : 0;
    }

    /// <summary>Calls the function for a value.</summary>
    /// <exception cref="GuestTrapException">It was stopped.</exception>
    public JsValue CallForValue(params ReadOnlySpan<WasmValue> arguments)
    {
        WasmValue result = default;
        Run(arguments, new Span<WasmValue>(ref result));
        return new JsValue(result.I64);
    }

    private void Run(ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results)
    {
        if (function.Call(arguments, results) is { } trap)
        {
            throw new GuestTrapException(trap);
        }
    }
}
