using Larder.Tests.Wasm.Generation;
using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Hostile;

/// <summary>Modules that try to harm their host.</summary>
internal static class HostileModules
{
    /// <summary><c>f(n)</c> calls itself n times deep, with locals that are in use across the call.</summary>
    public static byte[] Recursion(int locals, byte type = I32)
    {
        var code = new WasmCode();
        code.Op(Opcode.LocalGet, 0);
        code.Op(Opcode.I32Eqz);
        code.Op(Opcode.If);
        code.Byte(Empty);
        code.Op(Opcode.Return);
        code.Op(Opcode.End);
        code.Op(Opcode.LocalGet, 0);
        code.I32(1);
        code.Op(Opcode.I32Sub);
        code.Op(Opcode.Call, 0);
        if (locals > 0 && type == I32)
        {
            code.I32(0);
            code.Op(Opcode.LocalGet, locals);
            code.Op(Opcode.I32Store);
            code.Bytes([0, 0]);
        }

        return One([I32], [], [1, .. U32((uint)locals), type, .. code.ToArray(), End]);
    }

    /// <summary>A module with one function <c>f</c>, a page of memory and a table of functions.</summary>
    public static byte[] One(byte[] parameters, byte[] results, byte[] body) => Module(
        List(1, Type(parameters, results)),
        List(3, [0]),
        List(4, [FuncRef, 0, 1]),
        List(5, [0, 1]),
        List(7, [.. Name("f"), 0, 0], [.. Name("memory"), 2, 0], [.. Name("table"), 1, 0]),
        List(10, RawBody(body)));

    /// <summary>A module whose start function never ends.</summary>
    public static byte[] EndlessStart() => Module(
        List(1, Type([], [])), List(3, [0]), Section(8, 0), List(10, Body(0x03, Empty, 0x0C, 0, End)));

    public static WasmFunction Function(Store store, byte[] module, CompileOptions? options = null, Imports? imports = null) =>
        store.Instantiate(CompiledModule.Compile(module, options), imports).Function("f")!; // These modules export it.

    /// <summary>Calls on a thread with a stack of its own size and answers how it ended.</summary>
    public static TrapKind? CallOnThread(int stackBytes, Func<Trap?> call)
    {
        Trap? trap = null;
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    trap = call();
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            },
            stackBytes);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
        return trap?.Kind;
    }
}
