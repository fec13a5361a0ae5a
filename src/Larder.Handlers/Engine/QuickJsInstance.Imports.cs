using System.Buffers.Binary;
using Larder.Wasm;
using Larder.Wasm.Modules;

namespace Larder.Handlers.Engine;

// What the module imports. It gets no files, no randomness and no clock but the one that the host sets.
internal sealed partial class QuickJsInstance
{
    private const int NotSupported = 52;
    private const int FewArguments = 8;

    private Imports ImportsFor(WasmModule module)
    {
        var imports = new Imports();
        foreach (var import in module.Imports)
        {
            if (import.Function is null)
            {
                throw Foreign(import.Name);
            }

            imports.Add(import.Module, import.Name, new WasmFunction(_store, import.Function, Callback(import.Name)));
        }

        return imports;
    }

    private HostCallback Callback(string name) => name switch
    {
        "host_call" => HostCall,
        "host_promise_rejection" => HostRejection,
        "clock_time_get" => Clock,
        "random_get" => Randomness,
        "fd_write" or "fd_close" or "fd_seek" or "fd_fdstat_get" => static (_, _, results) => results[0] = NotSupported,

        // Interruption is the store's, there are no modules, and the time zone is that of Greenwich: zero stands for all.
        _ => static (_, _, _) => { },
    };

    // Name and its length, `this`, the number of arguments, and where the addresses of their boxes are.
    private void HostCall(Instance caller, ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results)
    {
        var count = arguments[3].I32;
        var values = count <= FewArguments ? stackalloc JsValue[FewArguments] : new JsValue[count];
        var boxes = count == 0 ? [] : Bytes(arguments[4].I32, sizeof(int) * count);
        for (var index = 0; index < count; index++)
        {
            values[index] = ReadValue(BinaryPrimitives.ReadInt32LittleEndian(boxes[(sizeof(int) * index)..]));
        }

        var result = OnCall is null ? JsValue.Undefined : OnCall(this, values[..count]);
        if (result.IsException)
        {
            results[0] = 0;
            return;
        }

        var box = Allocate(ValueBytes);
        BinaryPrimitives.WriteInt64LittleEndian(Bytes(box, ValueBytes), result.Bits);
        results[0] = box;
    }

    // Boxes of the promise and the reason, which are the host's to free, and whether somebody waits after all.
    private void HostRejection(Instance caller, ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results)
    {
        var promise = ReadValue(arguments[0].I32);
        var reason = ReadValue(arguments[1].I32);
        OnRejection?.Invoke(this, promise, reason, arguments[2].I32 != 0);
        FreeValue(promise);
        FreeValue(reason);
        Free(arguments[0].I32);
        Free(arguments[1].I32);
    }

    private void Clock(Instance caller, ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results) =>
        BinaryPrimitives.WriteInt64LittleEndian(Bytes(arguments[2].I32, sizeof(long)), ClockNanoseconds);

    // Asked for seeds only, which must be the same in every image; what handlers see as random comes from elsewhere.
    private void Randomness(Instance caller, ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results) =>
        Bytes(arguments[0].I32, arguments[1].I32).Fill(7);
}
