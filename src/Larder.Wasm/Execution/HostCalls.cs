using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Larder.Wasm.Runtime;

namespace Larder.Wasm.Execution;

/// <summary>The way from generated code to host functions.</summary>
internal static unsafe class HostCalls
{
    private const int FewValues = 8;

    /// <summary>
    /// Calls the host function whose binding <paramref name="context"/> points to. Arguments are replaced by results; the
    /// second result and those behind it go to the store's scratch area.
    /// </summary>
    internal static void Invoke(byte* context, RawValue* values)
    {
        var binding = Unsafe.As<HostBinding>(GCHandle.FromIntPtr(*(nint*)context).Target!);
        Exception cause;
        try
        {
            Call(binding, values);
            return;
        }
        catch (Exception exception) when (IsOfHost(exception))
        {
            cause = exception;
        }

        // Thrown behind the handler: within it the frames below are still on the stack, and where guest and host call
        // each other in turns every level would add to them.
        throw new HostException(cause);
    }

    /// <summary>Whether an exception is the host's own, not one that already goes through guest code.</summary>
    internal static bool IsOfHost(Exception exception) => exception is not (TrapException or HostException);

    private static void Call(HostBinding binding, RawValue* values)
    {
        var function = binding.Function;
        var store = binding.Store;
        var parameters = function.Type.Parameters;
        var resultTypes = function.Type.Results;
        var fewArguments = default(InlineValues);
        Span<WasmValue> arguments = parameters.Length <= FewValues
            ? fewArguments[..parameters.Length]
            : new WasmValue[parameters.Length];
        for (var index = 0; index < parameters.Length; index++)
        {
            arguments[index] = Values.FromRaw(store, parameters[index], values + index);
        }

        var fewResults = default(InlineValues);
        Span<WasmValue> results = resultTypes.Length <= FewValues
            ? fewResults[..resultTypes.Length]
            : new WasmValue[resultTypes.Length];
        for (var index = 0; index < results.Length; index++)
        {
            results[index] = WasmValue.Default(resultTypes[index]);
        }

        function.Callback!(binding.Caller, arguments, results);
        for (var index = 0; index < results.Length; index++)
        {
            var target = index == 0 ? values : (RawValue*)store.Scratch + (index - 1);
            Values.ToRaw(store, resultTypes[index], results[index], target);
        }
    }

    [InlineArray(FewValues)]
    private struct InlineValues
    {
        private WasmValue _first;
    }
}
