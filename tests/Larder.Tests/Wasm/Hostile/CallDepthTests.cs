using Larder.Tests.Wasm.Generation;
using Larder.Wasm;
using Larder.Wasm.Decoding;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Hostile;

/// <summary>Calls whose depth is counted: the same call traps everywhere, and what was taken comes back.</summary>
public sealed class CallDepthTests
{
    // Of HostileModules.Recursion(0): 16, one parameter, two operands at most, ten instructions.
    private const int UnitsOfRecursion = 16 + 1 + (2 * 2) + 10;

    private static readonly CompileOptions[] Ways =
    [
        new() { CallDepth = true, MemoryChecks = MemoryChecks.Explicit },
        new() { CallDepth = true, MemoryChecks = MemoryChecks.Explicit, Fuel = true, CanonicalNaNs = true },
        new() { CallDepth = true, Interruptible = false },
        new() { CallDepth = true, Unloadable = false },
    ];

    [Fact]
    public void A_call_traps_at_exactly_the_depth_that_the_units_say()
    {
        foreach (var options in Ways)
        {
            using var store = new Store(new StoreOptions { CallDepth = 100 * UnitsOfRecursion });
            var function = HostileModules.Function(store, HostileModules.Recursion(0), options);

            // f(n) makes n more calls.
            Assert.Null(function.TryCall(out _, 99));
            Assert.Equal(TrapKind.StackOverflow, function.TryCall(out _, 100)?.Kind);
        }
    }

    [Fact]
    public void Parameters_locals_operands_and_vectors_count()
    {
        // Three instructions more than without locals: a store, and what it needs.
        var units = UnitsOfRecursion + 50 + 3;
        using var store = new Store(new StoreOptions { CallDepth = 100 * units });
        var function = HostileModules.Function(store, HostileModules.Recursion(50), Ways[0]);
        Assert.Null(function.TryCall(out _, 99));
        Assert.Equal(TrapKind.StackOverflow, function.TryCall(out _, 100)?.Kind);

        var vectors = HostileModules.Function(store, HostileModules.Recursion(10, V128), Ways[0]);
        var depth = 100 * units / (UnitsOfRecursion + (4 * 10));
        Assert.Null(vectors.TryCall(out _, depth - 1));
        Assert.Equal(TrapKind.StackOverflow, vectors.TryCall(out _, depth)?.Kind);
    }

    [Fact]
    public void What_a_trap_left_behind_comes_back()
    {
        using var store = new Store(new StoreOptions { CallDepth = 100 * UnitsOfRecursion });
        var function = HostileModules.Function(store, HostileModules.Recursion(0), Ways[0]);

        for (var round = 0; round < 500; round++)
        {
            Assert.Equal(TrapKind.StackOverflow, function.TryCall(out _, 100)?.Kind);
            Assert.Null(function.TryCall(out _, 99));
        }
    }

    [Fact]
    public void A_restored_instance_has_all_of_its_depth()
    {
        using var store = new Store(new StoreOptions { CallDepth = 100 * UnitsOfRecursion });
        var instance = store.Instantiate(CompiledModule.Compile(HostileModules.Recursion(0), Ways[0]));
        using var snapshot = instance.Snapshot();
        var function = instance.Function("f")!; // The module exports it.
        Assert.NotNull(function.TryCall(out _, 100));
        instance.Restore(snapshot);

        Assert.Null(function.TryCall(out _, 99));
        Assert.Equal(TrapKind.StackOverflow, function.TryCall(out _, 100)?.Kind);
        Assert.Null(store.Instantiate(snapshot).Function("f")!.TryCall(out _, 99)); // The module exports it.
    }

    [Fact]
    public void Tail_calls_take_the_place_of_their_caller()
    {
        // f(n) goes on as f(n - 1), directly and through the table.
        foreach (var isIndirect in new[] { false, true })
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
            if (isIndirect)
            {
                code.I32(0);
                code.Op(Opcode.ReturnCallIndirect, 0, 0);
            }
            else
            {
                code.Op(Opcode.ReturnCall, 0);
            }

            var module = Module(
                List(1, Type([I32], [])),
                List(3, [0]),
                List(4, [FuncRef, 0, 1]),
                List(7, [.. Name("f"), 0, 0]),
                Section(9, 1, 0, 0x41, 0, End, 1, 0),
                List(10, Body(code.ToArray())));
            using var store = new Store(new StoreOptions { CallDepth = 200 });

            Assert.Null(HostileModules.Function(store, module, Ways[0]).TryCall(out _, 300_000));
        }
    }

    [Fact]
    public void Calls_through_the_host_count_and_give_back()
    {
        // f(n) calls the host, which calls f(n - 1).
        var module = Module(
            List(1, Type([I32], [])),
            List(2, [.. Name("m"), .. Name("h"), 0, 0]),
            List(3, [0]),
            List(7, [.. Name("f"), 0, 1]),
            List(10, Body(0x20, 0, 0x10, 0)));
        foreach (var options in Ways)
        {
            using var store = new Store(new StoreOptions { CallDepth = 10_000, StackBytes = 1 << 20 });
            WasmFunction? guest = null;
            var deepest = int.MaxValue;
            var swallowed = new List<TrapKind>();
            var host = WasmFunction.From(store, (Instance _, int left) =>
            {
                deepest = Math.Min(deepest, left);
                if (guest!.Invoke(left - 1) is { } trap) // Set before anything calls.
                {
                    swallowed.Add(trap.Kind);
                }
            });
            guest = store.Instantiate(CompiledModule.Compile(module, options), new Imports().Add("m", "h", host)).Function("f");

            for (var round = 0; round < 3; round++)
            {
                deepest = int.MaxValue;
                swallowed.Clear();
                Assert.Null(guest!.Invoke(100)); // The module exports it.

                // 16, one parameter, one operand, three instructions; and 1,024 for every call from the host. The level that
                // has no room left traps, the one above it goes on.
                Assert.Equal(100 - ((10_000 - 22) / (1024 + 22)), deepest);
                Assert.Equal([TrapKind.StackOverflow], swallowed);
            }
        }
    }

    [Fact]
    public void A_stack_that_is_too_short_for_the_depth_is_the_hosts_error()
    {
        using var store = new Store(new StoreOptions { CallDepth = 4_000_000, StackBytes = 32 << 20 });
        var function = HostileModules.Function(store, HostileModules.Recursion(100), Ways[0]);

        for (var round = 0; round < 3; round++)
        {
            var kind = default(WasmErrorKind?);
            HostileModules.CallOnThread(256 * 1024, () =>
            {
                try
                {
                    return function.TryCall(out _, 1_000_000);
                }
                catch (WasmException exception)
                {
                    kind = exception.Kind;
                    return null;
                }
            });

            Assert.Equal(WasmErrorKind.Unavailable, kind);
            Assert.Null(HostileModules.CallOnThread(256 * 1024, () => function.TryCall(out _, 10)));
        }
    }

    [Fact]
    public void A_store_must_allow_the_stack_that_its_depth_needs()
    {
        using var store = new Store(new StoreOptions { CallDepth = 1_000_000 });

        var exception = Assert.Throws<WasmException>(() => HostileModules.Function(store, HostileModules.Recursion(0), Ways[0]));

        Assert.Equal(WasmErrorKind.LimitExceeded, exception.Kind);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void No_frame_is_larger_than_its_units(string shape, byte[] module, int units)
    {
        foreach (var options in Ways)
        {
            // The function calls the host at the bottom, which looks where the stack is.
            using var store = new Store(new StoreOptions { CallDepth = 24 * units, StackBytes = 120 << 20 });
            var places = new List<long>();
            var host = WasmFunction.From(store, (Instance _) => places.Add(StackPlace()));
            var instance = store.Instantiate(CompiledModule.Compile(module, options), new Imports().Add("m", "h", host));
            var function = instance.Function("f")!; // The module exports it.

            Assert.Null(HostileModules.CallOnThread(124 << 20, () => function.Invoke(1) ?? function.Invoke(1) ?? function.Invoke(21)));
            var bytes = (places[1] - places[2]) / 20;

            Assert.True(bytes <= 8L * units, $"{shape}: a frame of {bytes} bytes, {units} units");

            // What the formula says is what is counted.
            using var exact = new Store(new StoreOptions { CallDepth = 3 * units, StackBytes = 120 << 20 });
            var nothing = WasmFunction.From(exact, (Instance _) => { });
            function = exact.Instantiate(instance.Module, new Imports().Add("m", "h", nothing)).Function("f")!; // As above.
            Assert.Null(HostileModules.CallOnThread(124 << 20, () => function.Invoke(2)));
            Assert.Equal(TrapKind.StackOverflow, HostileModules.CallOnThread(124 << 20, () => function.Invoke(3)));
        }
    }

    public static TheoryData<string, byte[], int> Shapes()
    {
        var data = new TheoryData<string, byte[], int>();
        foreach (var (shape, write, declared, type) in new (string, Action<WasmCode, int>, int, byte)[]
        {
            ("small", static (_, _) => { }, 0, I32),
            ("locals", static (code, _) => Use(code, 200, Opcode.I32Const), 200, I32),
            ("locals of 64 bits", static (code, _) => Use(code, 200, Opcode.I64Const), 200, I64),
            ("floats", static (code, _) => Use(code, 200, Opcode.F64Const), 200, F64),
            ("vectors", static (code, _) => Use(code, 200, Opcode.SimdBase + 0x0C), 200, V128),
            ("loads", static (code, _) => Loads(code, 500), 0, I32),
            ("many loads", static (code, _) => Loads(code, 4000), 0, I32),
            ("operands", static (code, _) => Operands(code, 600), 0, I32),
            ("spills", static (code, _) => Spills(code, 3000, isVector: false), 0, I32),
            ("many spills", static (code, _) => Spills(code, 6000, isVector: false), 0, I32),
            ("vector spills", static (code, _) => Spills(code, 1000, isVector: true), 0, I32),
            ("many vector spills", static (code, _) => Spills(code, 6000, isVector: true), 0, I32),
            ("selects", static (code, _) => Selects(code, 700), 64, I32),
            ("many selects", static (code, _) => Selects(code, 5000), 64, I32),
            ("blocks", static (code, _) => Blocks(code, 3000), 0, I32),
            ("sums", static (code, _) => Sums(code, 5000), 64, I32),
        })
        {
            var code = new WasmCode();
            write(code, declared);
            var (module, units) = Recursive(code, declared, type);
            data.Add(shape, module, units);
        }

        return data;
    }

    // f(n) does something, calls f(n - 1) or at last the host, and does it again.
    private static (byte[] Module, int Units) Recursive(WasmCode body, int locals, byte type)
    {
        var code = new WasmCode();
        code.Bytes(body.ToArray());
        code.Op(Opcode.LocalGet, 0);
        code.Op(Opcode.If);
        code.Byte(Empty);
        code.Op(Opcode.LocalGet, 0);
        code.I32(1);
        code.Op(Opcode.I32Sub);
        code.Op(Opcode.Call, 1);
        code.Op(Opcode.Else);
        code.Op(Opcode.Call, 0);
        code.Op(Opcode.End);
        code.Bytes(body.ToArray());
        byte[] declared = locals == 0 ? [0] : [1, .. U32((uint)locals), type];
        byte[] function = [.. declared, .. code.ToArray(), End];
        var module = Module(
            List(1, Type([], []), Type([I32], [])),
            List(2, [.. Name("m"), .. Name("h"), 0, 0]),
            List(3, [1], [0]),
            List(5, [0, 1]),
            List(7, [.. Name("f"), 0, 1]),
            List(10, RawBody(function), Body(0x3F, 0, 0x1A)));

        // Counted apart from the compiler, by reading the module again.
        var decoded = WasmModule.Parse(module);
        var (instructions, highest) = Measure(decoded);
        return (module, 16 + 1 + (locals * (type == V128 ? 4 : 1)) + (2 * highest) + instructions);
    }

    private static (int Instructions, int Highest) Measure(WasmModule module)
    {
        var reader = new ByteReader(module.Bodies[0].Code.Span);
        var instructions = 0;
        var height = 0;
        var highest = 0;
        while (!reader.AtEnd)
        {
            var opcode = reader.ReadOpcode();
            instructions++;
            height += opcode switch
            {
                Opcode.LocalGet or Opcode.I32Const or Opcode.I64Const or Opcode.F64Const or Opcode.SimdBase + 0x0C => 1,
                Opcode.LocalSet or Opcode.Drop or Opcode.I32Add or Opcode.I32Sub or Opcode.If or Opcode.BrIf => -1,
                Opcode.I32Store or Opcode.Select => -2,
                Opcode.Call => reader.PeekByte() == 1 ? -1 : 0,
                _ => 0,
            };
            highest = Math.Max(highest, height);
            Larder.Wasm.Compilation.Immediates.Skip(ref reader, opcode);
        }

        return (instructions, highest);
    }

    private static void Use(WasmCode code, int locals, Opcode constant)
    {
        for (var local = 1; local <= locals; local++)
        {
            // Read before it is written, so that it lives across the call.
            code.Op(Opcode.LocalGet, local);
            code.Op(Opcode.Drop);
            switch (constant)
            {
                case Opcode.I32Const:
                    code.I32(local);
                    break;
                case Opcode.I64Const:
                    code.I64(local);
                    break;
                case Opcode.F64Const:
                    code.F64((ulong)local);
                    break;
                default:
                    code.V128((ulong)local, 1);
                    break;
            }

            code.Op(Opcode.LocalSet, local);
        }
    }

    private static void Loads(WasmCode code, int count)
    {
        for (var index = 0; index < count; index++)
        {
            code.I32(8 * (index % 1000));
            code.I32(4 * (index % 999));
            code.Op(Opcode.I32Load);
            code.Bytes([2, 0]);
            code.Op(Opcode.I32Store);
            code.Bytes([2, 0]);
        }
    }

    private static void Operands(WasmCode code, int count)
    {
        for (var index = 0; index < count; index++)
        {
            code.Op(Opcode.LocalGet, 0);
            code.Op(Opcode.I32Load);
            code.Bytes([2, 0]);
        }

        code.Op(Opcode.Call, 0);
        for (var index = 0; index < count; index++)
        {
            code.Op(Opcode.Drop);
        }
    }

    // What is loaded stays on the stack over a call.
    private static void Spills(WasmCode code, int count, bool isVector)
    {
        for (var index = 0; index < count; index++)
        {
            code.I32(16 * (index % 1000));
            if (isVector)
            {
                code.Vector(0);
                code.Bytes([0, 0]);
            }
            else
            {
                code.Op(Opcode.I32Load);
                code.Bytes([2, 0]);
            }

            code.Op(Opcode.Call, 2);
            code.Op(Opcode.Drop);
        }
    }

    private static void Selects(WasmCode code, int count)
    {
        for (var index = 0; index < count; index++)
        {
            code.Op(Opcode.LocalGet, 1 + (index % 64));
            code.Op(Opcode.LocalGet, 1 + (index * 7 % 64));
            code.Op(Opcode.LocalGet, 1 + (index * 5 % 64));
            code.Op(Opcode.Select);
            code.Op(Opcode.LocalSet, 1 + (index * 13 % 64));
        }
    }

    private static void Blocks(WasmCode code, int count)
    {
        for (var index = 0; index < count; index++)
        {
            code.Op(Opcode.Block);
            code.Byte(Empty);
            code.Op(Opcode.LocalGet, 0);
            code.Op(Opcode.BrIf, 0);
            code.Op(Opcode.End);
        }
    }

    private static void Sums(WasmCode code, int count)
    {
        for (var index = 0; index < count; index++)
        {
            code.Op(Opcode.LocalGet, 1 + (index % 64));
            code.Op(Opcode.LocalGet, 1 + (index * 7 % 64));
            code.Op(Opcode.I32Add);
            code.Op(Opcode.LocalSet, 1 + (index * 13 % 64));
        }
    }

    private static unsafe long StackPlace()
    {
        byte here;
        return (long)(nint)(&here);
    }
}
