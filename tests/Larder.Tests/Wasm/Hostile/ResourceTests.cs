using System.Diagnostics;
using Larder.Tests.Wasm.Generation;
using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Hostile;

/// <summary>Guests that ask for more than they may have.</summary>
public sealed class ResourceTests
{
    public static TheoryData<CompileOptions> Ways => new()
    {
        new CompileOptions(),
        new CompileOptions { MemoryChecks = MemoryChecks.Explicit },
        new CompileOptions { Fuel = true },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Endless_start_functions_end_by_a_deadline(CompileOptions options)
    {
        using var store = new Store();
        var compiled = CompiledModule.Compile(HostileModules.EndlessStart(), options);
        using var deadline = store.Deadline(TimeSpan.FromMilliseconds(100));

        var exception = Assert.Throws<WasmException>(() => store.Instantiate(compiled));

        Assert.Equal(WasmErrorKind.Uninstantiable, exception.Kind);
        Assert.Equal(TrapKind.Interrupted, exception.Trap!.Kind); // This kind comes with its trap.
        Assert.True(deadline.HasPassed);
    }

    [Fact]
    public void Endless_start_functions_end_for_want_of_fuel()
    {
        using var store = new Store(new StoreOptions { Fuel = 100_000 });

        var exception = Assert.Throws<WasmException>(
            () => store.Instantiate(CompiledModule.Compile(HostileModules.EndlessStart(), new CompileOptions { Fuel = true })));

        Assert.Equal(TrapKind.OutOfFuel, exception.Trap!.Kind); // This kind comes with its trap.
    }

    [Fact]
    public void Interruption_from_another_thread_ends_loops_calls_and_bulk_work()
    {
        byte[][] bodies =
        [
            [0, 0x03, Empty, 0x0C, 0, End, End],
            [0, 0x03, Empty, 0x41, 0, 0x04, Empty, 0x0C, 1, End, 0x0C, 0, End, End],
            [0, 0x03, Empty, 0x41, 0, 0x41, 0, 0x41, .. U32(0x1000), 0xFC, 0x0B, 0, 0x0C, 0, End, End],
            [0, 0x12, 0, End],
        ];
        foreach (var body in bodies)
        {
            using var store = new Store();
            var function = HostileModules.Function(store, HostileModules.One([], [], body));
            using var timer = new Timer(_ => store.Interrupt(), null, 50, Timeout.Infinite);

            Assert.Equal(TrapKind.Interrupted, function.TryCall(out _)?.Kind);
            Assert.Equal(TrapKind.Interrupted, function.TryCall(out _)?.Kind);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Memories_and_tables_grow_to_their_caps_and_no_further(CompileOptions options)
    {
        // f(kind, count) grows the memory or the table by a number, again and again until it fails; how often it did not.
        var code = new WasmCode();
        code.Op(Opcode.Loop);
        code.Byte(Empty);
        code.Op(Opcode.LocalGet, 0);
        code.Op(Opcode.If);
        code.Byte(I32);
        code.Op(Opcode.LocalGet, 1);
        code.Op(Opcode.MemoryGrow, 0);
        code.Op(Opcode.Else);
        code.Op(Opcode.RefNull);
        code.Byte(FuncRef);
        code.Op(Opcode.LocalGet, 1);
        code.Op(Opcode.TableGrow, 0);
        code.Op(Opcode.End);
        code.I32(-1);
        code.Op(Opcode.I32Ne);
        code.Op(Opcode.If);
        code.Byte(Empty);
        code.Op(Opcode.LocalGet, 2);
        code.I32(1);
        code.Op(Opcode.I32Add);
        code.Op(Opcode.LocalSet, 2);
        code.Op(Opcode.Br, 1);
        code.Op(Opcode.End);
        code.Op(Opcode.End);
        code.Op(Opcode.LocalGet, 2);
        var module = HostileModules.One([I32, I32], [I32], [1, 1, I32, .. code.ToArray(), End]);
        using var store = new Store(new StoreOptions { MemoryPages = 201, TableElements = 5000 });
        var function = HostileModules.Function(store, module, options);

        int Grow(int kind, int count)
        {
            Assert.Null(function.TryCall(out var results, kind, count));
            return results![0].I32;
        }

        Assert.Equal(0, Grow(1, 201));
        Assert.Equal(66, Grow(1, 3));
        Assert.Equal(2, Grow(1, 1));
        Assert.Equal(0, Grow(1, -1));
        Assert.Equal(0, Grow(1, int.MaxValue));
        Assert.Equal(4999, Grow(0, 1));
        Assert.Equal(0, Grow(0, 1));
        Assert.Equal(0, Grow(0, -1));
    }

    [Fact]
    public void Import_bombs_are_refused_or_linked_soon()
    {
        byte[][] imports = [.. Enumerable.Range(0, 50_000).Select(static index => (byte[])[.. Name("h"), .. Name($"f{index % 100}"), 0, 0])];
        var module = Module(List(1, Type([], [])), List(2, imports));
        using var store = new Store();
        var clock = Stopwatch.StartNew();
        var compiled = CompiledModule.Compile(module);

        Assert.Equal(WasmErrorKind.Unlinkable, Assert.Throws<WasmException>(() => store.Instantiate(compiled)).Kind);
        var given = new Imports();
        for (var index = 0; index < 100; index++)
        {
            given.Add("h", $"f{index}", new WasmFunction(store, new FunctionType([], []), (_, _, _) => { }));
        }

        store.Instantiate(compiled, given);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"{clock.Elapsed}");
    }

    [Fact]
    public void Deep_nesting_is_refused_or_runs()
    {
        static byte[] Nested(int depth) => HostileModules.One([], [], [
            0, .. Enumerable.Repeat(new byte[] { 0x02, Empty }, depth).SelectMany(static b => b),
            0x0C, .. U32((uint)depth - 1), .. Enumerable.Repeat(End, depth), End]);
        using var store = new Store();

        Assert.Equal(
            WasmErrorKind.LimitExceeded, Assert.Throws<WasmException>(() => CompiledModule.Compile(Nested(100_000))).Kind);
        Assert.Null(HostileModules.Function(store, Nested(10_000)).TryCall(out _));
        var wide = new CompileOptions { Limits = new ModuleLimits { BlockDepth = 100_000 } };
        Assert.Null(HostileModules.Function(store, Nested(100_000), wide).TryCall(out _));
    }

    [Fact]
    public void Wide_functions_run()
    {
        byte[] thousand = [.. Enumerable.Repeat(I64, 1000)];
        byte[] give = [0, .. Enumerable.Range(0, 1000).SelectMany(static index => (byte[])[0x20, .. U32((uint)index)]), End];
        using var store = new Store();
        var function = HostileModules.Function(store, HostileModules.One(thousand, thousand, give));

        WasmValue[] values = [.. Enumerable.Range(0, 1000).Select(static index => WasmValue.FromI64(index))];

        Assert.Null(function.TryCall(out var results, values));
        Assert.Equal(values, results);
    }

    [Fact]
    public void Large_branch_tables_run()
    {
        byte[] body =
        [
            0, 0x02, Empty, 0x02, Empty, 0x20, 0, 0x0E, .. U32(65_000), .. Enumerable.Repeat((byte)0, 64_999), 1, 0, End,
            0x41, 7, 0x0F, End, 0x41, 8, End,
        ];
        using var store = new Store();
        var function = HostileModules.Function(store, HostileModules.One([I32], [I32], body));

        Assert.Null(function.TryCall(out var near, 64_998));
        Assert.Null(function.TryCall(out var far, 64_999));
        Assert.Null(function.TryCall(out var beyond, -1));
        Assert.Equal([7, 8, 7], [near![0].I32, far![0].I32, beyond![0].I32]);
    }

    [Fact]
    public void Functions_with_as_many_locals_as_may_be_run_or_trap()
    {
        using var store = new Store();
        foreach (var type in new[] { I32, I64 })
        {
            var function = HostileModules.Function(store, HostileModules.Recursion(49_000, type));
            var kind = HostileModules.CallOnThread(16 << 20, () => function.TryCall(out _, 1));
            Assert.True(kind is null or TrapKind.StackOverflow, $"{kind}");
        }
    }

    [Fact]
    public void A_giant_function_runs_where_the_stack_has_room_for_what_its_frame_may_be()
    {
        // A sum of 200,000 terms. How large its frame is nobody knows before it is there, so the estimate is high.
        var code = new WasmCode();
        code.Op(Opcode.LocalGet, 0);
        for (var index = 0; index < 200_000; index++)
        {
            code.I32(index);
            code.Op(Opcode.I32Add);
        }

        using var store = new Store(new StoreOptions { StackBytes = 12 << 20 });
        var function = HostileModules.Function(store, HostileModules.One([I32], [I32], [0, .. code.ToArray(), End]));
        WasmValue[]? results = null;

        Assert.Null(HostileModules.CallOnThread(16 << 20, () => function.TryCall(out results, 5)));
        Assert.Equal(unchecked((int)(200_000L * 199_999 / 2)) + 5, results![0].I32);
        Assert.Equal(TrapKind.StackOverflow, HostileModules.CallOnThread(512 << 10, () => function.TryCall(out _, 5)));
    }
}
