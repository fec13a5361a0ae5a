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

            imports.Add(import.Module, import.Name, HostFunctionFor(import.Name, import.Function));
        }

        return imports;
    }

    private WasmFunction HostFunctionFor(string name, FunctionType type) => name switch
    {
        "host_call" => WasmFunction.From<int, int, int, int, int, int>(_store, HostCall),
        "host_promise_rejection" => WasmFunction.From<int, int, int>(_store, HostRejection),
        "clock_time_get" => WasmFunction.From<int, long, int, int>(_store, Clock),
        "random_get" => WasmFunction.From<int, int, int>(_store, Randomness),
        "fd_write" or "fd_close" or "fd_seek" or "fd_fdstat_get" =>
            new WasmFunction(_store, type, static (_, _, results) => results[0] = NotSupported),

        // Interruption is the store's, there are no modules, and the time zone is that of Greenwich: zero stands for all.
        _ => new WasmFunction(_store, type, static (_, _, _) => { }),
    };

    private int HostCall(Instance caller, int name, int nameLength, int self, int count, int list)
    {
        var values = count <= FewArguments ? stackalloc JsValue[FewArguments] : new JsValue[count];
        var boxes = count == 0 ? [] : Bytes(list, sizeof(int) * count);
        for (var index = 0; index < count; index++)
        {
            values[index] = ReadValue(BinaryPrimitives.ReadInt32LittleEndian(boxes[(sizeof(int) * index)..]));
        }

        var result = OnCall is null ? JsValue.Undefined : OnCall(this, values[..count]);
        if (result.IsException)
        {
            return 0;
        }

        var box = Allocate(ValueBytes);
        BinaryPrimitives.WriteInt64LittleEndian(Bytes(box, ValueBytes), result.Bits);
        return box;
    }

    // The promise and the reason come in boxes, which are the host's to free.
    private void HostRejection(Instance caller, int promiseBox, int reasonBox, int isHandled)
    {
        var promise = ReadValue(promiseBox);
        var reason = ReadValue(reasonBox);
        OnRejection?.Invoke(this, promise, reason, isHandled != 0);
        FreeValue(promise);
        FreeValue(reason);
        Free(promiseBox);
        Free(reasonBox);
    }

    private int Clock(Instance caller, int clock, long precision, int result)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Bytes(result, sizeof(long)), ClockNanoseconds);
        return 0;
    }

    // Asked for seeds only, which must be the same in every image; what handlers see as random comes from elsewhere.
    private int Randomness(Instance caller, int buffer, int length)
    {
        Bytes(buffer, length).Fill(7);
        return 0;
    }
}
