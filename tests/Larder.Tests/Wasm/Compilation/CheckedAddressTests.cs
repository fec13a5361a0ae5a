using Larder.Tests.Wasm.Generation;
using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Compilation;

/// <summary>
/// Accesses around the same locals, at the edges of a memory: explicit checks, most of which are left out or done ahead,
/// end every program with the very result or trap, and memory, that guard pages do. The seed of a failure is its number.
/// </summary>
public sealed class CheckedAddressTests
{
    private const int Programs = 400;
    private const int MemoryBytes = 65_536;

    // Locals: two addresses that are given, a third, the sum of all loads, a counter.
    private const int First = 0;
    private const int Third = 2;
    private const int Sum = 3;
    private const int Counter = 4;

    private static readonly int[] Edges =
        [0, 64, 100, 1_000, 32_768, 40_000, MemoryBytes - 8, MemoryBytes - 40, MemoryBytes - 64, MemoryBytes - 120, -8, -30_000];

    [Fact]
    public void Explicit_checks_end_programs_as_guard_pages_do()
    {
        using (var store = new Store())
        {
            var memory = new WasmMemory(store, new MemoryType(new Limits(1, 1)));
            Assert.SkipUnless(CompiledModule.Compile(Generate(0)).UsesGuardPages, "There are no guard pages here.");
            Assert.Equal(1UL, memory.Pages);
        }

        int traps = 0, returns = 0;
        for (var seed = 1; seed <= Programs; seed++)
        {
            var module = Generate(seed);
            var guarded = CompiledModule.Compile(module);
            var checkedModule = CompiledModule.Compile(module, new CompileOptions { MemoryChecks = MemoryChecks.Explicit });
            var random = new Random(seed);
            for (var call = 0; call < 12; call++)
            {
                WasmValue[] arguments = [Edge(random), Edge(random)];

                var expected = Run(guarded, arguments);
                var actual = Run(checkedModule, arguments);

                Assert.True(expected == actual, $"program {seed}, {arguments[0].I32}, {arguments[1].I32}:\n{expected}\n{actual}");
                (traps, returns) = expected.Contains("trap", StringComparison.Ordinal) ? (traps + 1, returns) : (traps, returns + 1);
            }
        }

        // Programs that only trap, or never do, would test little.
        Assert.InRange(traps, returns / 10, returns * 10);
    }

    private static int Edge(Random random) => Edges[random.Next(Edges.Length)] + random.Next(-4, 5);

    private static string Run(CompiledModule module, WasmValue[] arguments)
    {
        using var store = new Store();
        var instance = store.Instantiate(module);
        var trap = instance.Function("f")!.TryCall(out var results, arguments); // Exported below.
        var hash = new HashCode();
        hash.AddBytes(instance.Memory("m")!.Span(0, (int)instance.Memory("m")!.ByteLength)); // Exported below.
        return $"{(trap is null ? results![0].I64 : $"trap {trap.Kind}")}, memory {hash.ToHashCode()}";
    }

    private static byte[] Generate(int seed)
    {
        var random = new Random(seed);
        var code = new WasmCode();
        Statements(code, random, 5, depth: 0);
        code.Op(Opcode.LocalGet, Sum);
        return Module(
            List(1, Type([I32, I32], [I64]), Type([], [])),
            List(3, [0], [1]),
            List(5, [1, 1, 2]),
            List(7, [.. Name("f"), 0, 0], [.. Name("m"), 2, 0]),
            List(10, RawBody([3, 1, I32, 1, I64, 1, I32, .. code.ToArray(), End]), Body()));
    }

    private static void Statements(WasmCode code, Random random, int count, int depth)
    {
        for (; count > 0; count--)
        {
            switch (random.Next(depth < 3 ? 14 : 10))
            {
                case < 4:
                    code.Op(Opcode.LocalGet, Sum);
                    for (var loads = random.Next(1, 5); loads > 0; loads--)
                    {
                        Load(code, random);
                        code.Op(Opcode.I64Add);
                    }

                    code.Op(Opcode.LocalSet, Sum);
                    break;
                case < 7:
                    Address(code, random);
                    code.I32(random.Next());
                    code.Op(Opcode.I32Store, 2, Offset(random));
                    break;
                case 7:
                    Address(code, random);
                    code.Op(Opcode.LocalSet, random.Next(3));
                    break;
                case 8:
                    code.I32(random.Next(2));
                    code.Op(Opcode.MemoryGrow, 0);
                    code.Op(Opcode.Drop);
                    break;
                case 9:
                    code.Op(Opcode.Call, 1);
                    break;
                case 10:
                    Condition(code, random);
                    code.Op(Opcode.If);
                    code.Byte(Empty);
                    Statements(code, random, 3, depth + 1);
                    if (random.Next(2) == 0)
                    {
                        code.Op(Opcode.Else);
                        Statements(code, random, 3, depth + 1);
                    }

                    code.Op(Opcode.End);
                    break;
                case 11:
                    code.Op(Opcode.Block);
                    code.Byte(Empty);
                    Statements(code, random, 2, depth + 1);
                    Condition(code, random);
                    code.Op(Opcode.BrIf, 0);
                    Statements(code, random, 2, depth + 1);
                    code.Op(Opcode.End);
                    break;
                default:
                    Loop(code, random, depth);
                    break;
            }
        }
    }

    // A local that was checked before walks on at the end of every iteration. Loops share a counter, so an inner one may end
    // the outer one early; none goes on for ever.
    private static void Loop(WasmCode code, Random random, int depth)
    {
        var walker = random.Next(3);
        var offset = random.Next(48);
        AddFrom(code, walker, offset);
        code.I32(random.Next(1, 4));
        code.Op(Opcode.LocalSet, Counter);
        code.Op(Opcode.Loop);
        code.Byte(Empty);
        AddFrom(code, walker, offset);
        Statements(code, random, 3, depth == 0 ? 2 : 3);
        code.Op(Opcode.LocalGet, walker);
        code.I32(random.Next(-48, 96));
        code.Op(Opcode.I32Add);
        code.Op(Opcode.LocalSet, walker);
        code.Op(Opcode.LocalGet, Counter);
        code.I32(1);
        code.Op(Opcode.I32Sub);
        code.Op(Opcode.LocalTee, Counter);
        code.I32(0);
        code.Op(Opcode.I32GtS);
        code.Op(Opcode.BrIf, 0);
        code.Op(Opcode.End);
    }

    private static void AddFrom(WasmCode code, int address, int offset)
    {
        code.Op(Opcode.LocalGet, Sum);
        code.Op(Opcode.LocalGet, address);
        code.Op(Opcode.I64Load, 3, offset);
        code.Op(Opcode.I64Add);
        code.Op(Opcode.LocalSet, Sum);
    }

    private static void Condition(WasmCode code, Random random)
    {
        code.Op(Opcode.LocalGet, Sum);
        code.Op(Opcode.I32WrapI64);
        code.I32(1 << random.Next(4));
        code.Op(Opcode.I32And);
    }

    private static void Load(WasmCode code, Random random)
    {
        Address(code, random);
        if (random.Next(3) == 0)
        {
            code.Op(Opcode.I64Load8U, 0, Offset(random));
        }
        else
        {
            code.Op(Opcode.I64Load, 3, Offset(random));
        }
    }

    private static void Address(WasmCode code, Random random)
    {
        code.Op(Opcode.LocalGet, First + random.Next(3));
        if (random.Next(2) == 0)
        {
            code.I32(random.Next(24) == 0 ? random.Next(-40_000, 40_000) : random.Next(-24, 49));
            code.Op(random.Next(4) == 0 ? Opcode.I32Sub : Opcode.I32Add);
        }

        if (random.Next(5) == 0)
        {
            code.Op(Opcode.LocalTee, Third);
        }
    }

    private static int Offset(Random random) => random.Next(24) == 0 ? random.Next(70_000) : random.Next(48);
}
