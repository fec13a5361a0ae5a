using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Hostile;

/// <summary>Guests that call deeper than there is stack: a trap for them, nothing to the host.</summary>
public sealed class StackTests
{
    private const int Deep = 100_000;

    [Fact]
    public void Endless_recursion_is_a_trap_a_thousand_times()
    {
        using var store = new Store(new StoreOptions { StackBytes = 64 * 1024 });
        var function = HostileModules.Function(store, HostileModules.Recursion(0));

        for (var round = 0; round < 1000; round++)
        {
            Assert.Equal(TrapKind.StackOverflow, function.TryCall(out _, Deep)?.Kind);
            Assert.Null(function.TryCall(out _, 10));
        }
    }

    [Theory]
    [InlineData(192)]
    [InlineData(256)]
    [InlineData(1536)]
    [InlineData(16 * 1024)]
    public void Threads_with_any_stack_survive(int stackKilobytes)
    {
        using var store = new Store(new StoreOptions { StackBytes = 8 << 20 });
        foreach (var module in new[] { HostileModules.Recursion(0), HostileModules.Recursion(100), HostileModules.Recursion(1000, V128) })
        {
            var function = HostileModules.Function(store, module);

            Assert.Equal(TrapKind.StackOverflow, HostileModules.CallOnThread(stackKilobytes * 1024, () => function.TryCall(out _, 1_000_000)));
            Assert.Null(HostileModules.CallOnThread(stackKilobytes * 1024, () => function.TryCall(out _, 1)));
        }
    }

    [Theory]
    [InlineData(49_000, 1536)]
    [InlineData(10_000, 512)]
    [InlineData(9_000, 300)]
    [InlineData(7_000, 256)]
    public void Frames_that_are_larger_than_what_is_left_of_the_stack_are_a_trap(int locals, int stackKilobytes)
    {
        // A frame of up to 800 KB could step over everything that guards the end of the stack.
        using var store = new Store();
        var function = HostileModules.Function(store, HostileModules.Recursion(locals, V128));

        for (var depth = 1; depth < 100; depth *= 3)
        {
            var kind = HostileModules.CallOnThread(stackKilobytes * 1024, () => function.TryCall(out _, depth));
            Assert.True(kind is null or TrapKind.StackOverflow, $"{kind}");
        }

        Assert.Equal(TrapKind.StackOverflow, HostileModules.CallOnThread(stackKilobytes * 1024, () => function.TryCall(out _, 1000)));
    }

    [Fact]
    public async Task Pool_threads_survive()
    {
        var compiled = CompiledModule.Compile(HostileModules.Recursion(20));

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() =>
        {
            using var store = new Store();
            var function = store.Instantiate(compiled).Function("f")!; // The module exports it.
            Assert.Equal(TrapKind.StackOverflow, function.TryCall(out var _, Deep)?.Kind);
        })));
    }

    [Fact]
    public void Recursion_through_the_host_is_a_trap()
    {
        // f calls the host, which calls f.
        using var store = new Store();
        WasmFunction? guest = null;
        var deepest = 0;
        var depth = 0;
        var host = new WasmFunction(store, new FunctionType([], []), (_, _, _) =>
        {
            deepest = Math.Max(deepest, ++depth);
            try
            {
                var trap = guest!.TryCall(out var _); // Set before anything is called.
                if (trap is not null)
                {
                    throw new InvalidOperationException(trap.Message);
                }
            }
            finally
            {
                depth--;
            }
        });
        var module = Module(
            List(1, Type([], [])), List(2, [.. Name("h"), .. Name("f"), 0, 0]), List(3, [0]),
            List(7, [.. Name("f"), 0, 1]), List(10, Body(0x10, 0)));
        guest = HostileModules.Function(store, module, imports: new Imports().Add("h", "f", host));

        for (var round = 0; round < 3; round++)
        {
            var exception = Assert.Throws<InvalidOperationException>(() => guest.TryCall(out _));

            Assert.Equal("call stack exhausted", exception.Message);
            Assert.True(deepest > 10, $"{deepest}");
        }
    }

    [Fact]
    public void A_guest_that_overflows_within_a_host_function_lets_the_outer_guest_go_on()
    {
        using var store = new Store();
        var deep = HostileModules.Function(store, HostileModules.Recursion(4));
        var kinds = new List<TrapKind?>();
        var host = new WasmFunction(
            store, new FunctionType([], []), (_, _, _) => kinds.Add(deep.TryCall(out var _, Deep)?.Kind));
        var module = Module(
            List(1, Type([], [])), List(2, [.. Name("h"), .. Name("f"), 0, 0]), List(3, [0]),
            List(7, [.. Name("f"), 0, 1]), List(10, Body(0x10, 0, 0x10, 0, 0x10, 0)));
        var outer = HostileModules.Function(store, module, imports: new Imports().Add("h", "f", host));

        Assert.Null(outer.TryCall(out _));

        Assert.Equal([TrapKind.StackOverflow, TrapKind.StackOverflow, TrapKind.StackOverflow], kinds);
    }

    [Fact]
    public void Mutual_recursion_through_a_table_is_a_trap()
    {
        // f puts itself into the table and calls itself through it.
        byte[] body = [0, 0x41, 0, 0xD2, 0, 0x26, 0, 0x41, 0, 0x11, 0, 0, End];
        var module = Module(
            List(1, Type([], [])), List(3, [0]), List(4, [FuncRef, 0, 1]), List(7, [.. Name("f"), 0, 0]), List(10, RawBody(body)));
        using var store = new Store();
        var function = HostileModules.Function(store, module);

        Assert.Equal(TrapKind.StackOverflow, function.TryCall(out _)?.Kind);
    }

    [Fact]
    public void Tail_calls_need_no_stack()
    {
        byte[] body = [0, 0x20, 0, 0x45, 0x04, Empty, 0x0F, End, 0x20, 0, 0x41, 1, 0x6B, 0x12, 0, End];
        using var store = new Store(new StoreOptions { StackBytes = 32 * 1024 });
        var function = HostileModules.Function(store, HostileModules.One([I32], [], body));

        Assert.Null(function.TryCall(out _, 1_000_000));
    }
}
