using Larder.Tests.Wasm.Generation;
using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Hostile;

/// <summary>Host functions that trap their guest, and fuel for what one instruction does to many bytes.</summary>
public sealed class HostTrapTests
{
    // g calls f, which calls the host.
    private static readonly byte[] Calling = Module(
        List(1, Type([], [])),
        List(2, [.. Name("m"), .. Name("h"), 0, 0]),
        List(3, [0], [0]),
        List(7, [.. Name("f"), 0, 1], [.. Name("g"), 0, 2]),
        List(10, Body(0x10, 0), Body(0x10, 1)));

    [Fact]
    public void A_host_function_traps_its_guest_with_its_words_and_the_guests_stack()
    {
        using var store = new Store();

        // With counted depth, so that the JIT compiler does not put one function into the other.
        var compiled = CompiledModule.Compile(Calling, new CompileOptions { CallDepth = true });
        foreach (var function in new[]
        {
            WasmFunction.From(store, (Instance _) => throw new HostTrapException("not like that")),
            new WasmFunction(store, new FunctionType([], []), (_, _, _) => throw new HostTrapException("not like that")),
        })
        {
            var trap = store.Instantiate(compiled, new Imports().Add("m", "h", function)).Function("g")!.Invoke(); // The module exports it.

            Assert.Equal(TrapKind.HostFault, trap?.Kind);
            Assert.Equal("not like that\n    at func[1]\n    at func[2]", trap!.ToString());
            Assert.Equal("func[1]", Assert.Single(trap.Innermost(1)).Name);
        }
    }

    [Fact]
    public void A_host_function_that_calls_a_guest_is_told_of_its_trap()
    {
        using var store = new Store();
        var compiled = CompiledModule.Compile(Calling);
        var inner = store.Instantiate(
            compiled,
            new Imports().Add("m", "h", WasmFunction.From(store, (Instance _) => throw new HostTrapException(TrapKind.OutOfFuel, "too much"))));
        Trap? seen = null;
        var outer = store.Instantiate(
            compiled, new Imports().Add("m", "h", WasmFunction.From(store, (Instance _) => { seen = inner.Function("g")!.Invoke(); }))); // As above.

        Assert.Null(outer.Function("g")!.Invoke()); // As above.
        Assert.Equal(TrapKind.OutOfFuel, seen?.Kind);
        Assert.Equal("too much", seen!.Message);
    }

    [Theory]
    [InlineData(nameof(Opcode.MemoryFill), 65_536, 65_536 / 8)]
    [InlineData(nameof(Opcode.MemoryCopy), 1000, 1000 / 8)]
    [InlineData(nameof(Opcode.MemoryGrow), 3, 3 * 4096)]
    [InlineData(nameof(Opcode.MemoryGrow), 70_000, 0)]
    [InlineData(nameof(Opcode.TableFill), 10, 10)]
    [InlineData(nameof(Opcode.TableCopy), 10, 10)]
    public void Many_bytes_cost_fuel(string instruction, int count, int expected)
    {
        var opcode = Enum.Parse<Opcode>(instruction);
        var code = new WasmCode();
        if (opcode == Opcode.MemoryGrow)
        {
            code.I32(count);
            code.Op(opcode, 0);
            code.Op(Opcode.Drop);
        }
        else
        {
            code.I32(0);
            if (opcode == Opcode.TableFill)
            {
                code.Op(Opcode.RefNull);
                code.Byte(FuncRef);
            }
            else
            {
                code.I32(0);
            }

            code.I32(count);
            if (opcode is Opcode.MemoryCopy or Opcode.TableCopy)
            {
                code.Op(opcode, 0, 0);
            }
            else
            {
                code.Op(opcode, 0);
            }
        }

        var instructions = opcode == Opcode.MemoryGrow ? 4 : 5;
        var module = Module(
            List(1, Type([], [])),
            List(3, [0]),
            List(4, [FuncRef, 0, 20]),
            List(5, [0, 1]),
            List(7, [.. Name("f"), 0, 0]),
            List(10, Body(code.ToArray())));
        foreach (var fuel in new[] { long.MaxValue, instructions + expected, instructions + expected - 1 })
        {
            using var store = new Store(new StoreOptions { Fuel = fuel });
            var instance = store.Instantiate(CompiledModule.Compile(module, new CompileOptions { Fuel = true }));

            var trap = instance.Function("f")!.Invoke(); // The module exports it.

            Assert.Equal(fuel - expected - instructions, instance.Fuel);
            Assert.Equal(instance.Fuel < 0 ? TrapKind.OutOfFuel : null, trap?.Kind);
        }

        using var free = new Store(new StoreOptions { Fuel = 0 });
        Assert.Null(free.Instantiate(CompiledModule.Compile(module)).Function("f")!.Invoke()); // As above.
    }
}
