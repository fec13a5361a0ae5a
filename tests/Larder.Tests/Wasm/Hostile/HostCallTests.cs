using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Hostile;

/// <summary>What goes wrong in host functions, and with stores that are gone or not the right ones.</summary>
public sealed class HostCallTests
{
    private static readonly FunctionType Nothing = new([], []);

    [Fact]
    public void Exceptions_of_host_functions_pass_through_the_guest_unchanged()
    {
        using var store = new Store();
        Exception[] thrown =
        [
            new InvalidOperationException("own"), new DivideByZeroException(), new OverflowException(),
            new OperationCanceledException(), new InsufficientExecutionStackException(),
        ];
        Exception? next = null;
        var function = CallsHost(store, new WasmFunction(store, Nothing, (_, _, _) => throw next!)); // Set before each call.

        foreach (var exception in thrown)
        {
            next = exception;
            var seen = Record.Exception(() => function.TryCall(out _));
            Assert.Same(exception, seen);
        }
    }

    [Fact]
    public void A_null_reference_within_a_host_function_is_no_trap()
    {
        using var store = new Store();
        string? text = null;
        var function = CallsHost(store, new WasmFunction(store, Nothing, (_, _, _) => _ = text!.Length));

        Assert.Throws<NullReferenceException>(() => function.TryCall(out _));
    }

    [Fact]
    public void Traps_and_exceptions_alternate_through_guests_and_hosts()
    {
        // guest -> host -> guest, which traps; the host turns the trap into an exception, the outer host sees that.
        using var store = new Store();
        var inner = HostileModules.Function(store, HostileModules.One([], [], [0, 0x00, End]));
        TrapKind? kind = null;
        var middle = CallsHost(store, new WasmFunction(store, Nothing, (_, _, _) =>
        {
            kind = inner.TryCall(out var _)?.Kind;
            throw new InvalidOperationException("inner");
        }));
        Exception? seen = null;
        var outer = CallsHost(store, new WasmFunction(store, Nothing, (_, _, _) =>
            seen = Record.Exception(() => middle.TryCall(out var _))));

        for (var round = 0; round < 100; round++)
        {
            Assert.Null(outer.TryCall(out _));
            Assert.Equal(TrapKind.Unreachable, kind);
            Assert.Equal("inner", Assert.IsType<InvalidOperationException>(seen).Message);
        }
    }

    [Fact]
    public void A_store_that_a_host_function_disposes_lasts_until_the_guest_returns()
    {
        var store = new Store();
        var function = CallsHost(store, new WasmFunction(store, Nothing, (_, _, _) => store.Dispose()), withMemory: true);

        Assert.Null(function.TryCall(out _));

        Assert.Throws<ObjectDisposedException>(() => function.TryCall(out _));
    }

    [Fact]
    public void A_store_that_a_start_function_disposes_lasts_until_it_returns()
    {
        var store = new Store();
        var host = new WasmFunction(store, Nothing, (_, _, _) => store.Dispose());
        var module = Module(
            List(1, Type([], [])), List(2, [.. Name("h"), .. Name("f"), 0, 0]), List(3, [0]), Section(8, 1), List(10, Body(0x10, 0)));

        store.Instantiate(CompiledModule.Compile(module), new Imports().Add("h", "f", host));

        Assert.Throws<ObjectDisposedException>(() => store.Instantiate(CompiledModule.Compile(Module())));
    }

    [Fact]
    public void Nothing_of_a_disposed_store_can_be_used()
    {
        var store = new Store();
        var instance = store.Instantiate(CompiledModule.Compile(HostileModules.One([], [], [0, End])));
        var function = instance.Function("f")!; // The module exports all three.
        var memory = instance.Memory("memory")!;
        var table = instance.Table("table")!;
        var host = new WasmFunction(store, Nothing, (_, _, _) => { });
        var unseen = store.Instantiate(CompiledModule.Compile(HostileModules.One([], [], [0, End])));
        store.Dispose();

        Action[] uses =
        [
            () => function.TryCall(out _), () => host.TryCall(out _), () => memory.Span(0, 1), () => memory.Grow(1),
            () => _ = memory.Pages, () => _ = table[0], () => table[0] = WasmValue.FromFunction(null),
            () => table.Grow(1, WasmValue.FromFunction(null)), () => instance.Snapshot(), () => _ = instance.Fuel,
            () => store.Instantiate(CompiledModule.Compile(Module())), () => store.Deadline(TimeSpan.FromSeconds(1)),
            () => unseen.Function("f"), () => new Imports().Add("m", unseen),
            () => _ = new WasmMemory(store, new MemoryType(new Limits(1, 1))),
            () => _ = new WasmTable(store, new TableType(WasmType.FuncRef, new Limits(1, 1))),
            () => _ = new WasmGlobal(store, new GlobalType(WasmType.I32, false), 1),
        ];
        for (var index = 0; index < uses.Length; index++)
        {
            var exception = Record.Exception(uses[index]);
            Assert.True(exception is ObjectDisposedException, $"{index}: {exception}");
        }

        store.Interrupt();
        store.ClearInterrupt();
        store.Dispose();
    }

    [Fact]
    public void Functions_of_another_store_are_refused()
    {
        using var store = new Store();
        using var other = new Store();
        var foreign = HostileModules.Function(other, HostileModules.One([], [], [0, End]));
        var foreignHost = new WasmFunction(other, Nothing, (_, _, _) => { });
        var takes = HostileModules.Function(store, HostileModules.One([FuncRef], [], [0, End]));
        var table = new WasmTable(store, new TableType(WasmType.FuncRef, new Limits(1, 2)));
        var global = new WasmGlobal(store, new GlobalType(WasmType.FuncRef, true), WasmValue.FromFunction(null));

        foreach (var function in new[] { foreign, foreignHost })
        {
            var value = WasmValue.FromFunction(function);
            Assert.Throws<ArgumentException>(() => takes.TryCall(out _, value));
            Assert.Throws<ArgumentException>(() => table[0] = value);
            Assert.Throws<ArgumentException>(() => table.Grow(1, value));
            Assert.Throws<ArgumentException>(() => global.Value = value);
            Assert.Equal(
                WasmErrorKind.Unlinkable, Assert.Throws<WasmException>(() => CallsHost(store, function)).Kind);
        }
    }

    [Fact]
    public void Results_of_the_wrong_type_are_the_hosts_fault()
    {
        using var store = new Store();
        var wrong = new WasmFunction(store, new FunctionType([], [WasmType.I32]), (_, _, results) => results[0] = 1L);
        var module = Module(
            List(1, Type([], [I32])), List(2, [.. Name("h"), .. Name("f"), 0, 0]), List(3, [0]),
            List(7, [.. Name("f"), 0, 1]), List(10, Body(0x10, 0)));
        var function = HostileModules.Function(store, module, imports: new Imports().Add("h", "f", wrong));

        Assert.Throws<ArgumentException>(() => function.TryCall(out _));
        Assert.Throws<ArgumentException>(() => wrong.TryCall(out _));
    }

    private static WasmFunction CallsHost(Store store, WasmFunction host, bool withMemory = false)
    {
        // It stores behind the call, so that a memory that went away would be noticed.
        byte[] code = withMemory ? [0x10, 0, 0x41, 0, 0x41, 1, 0x36, 0, 0] : [0x10, 0];
        var module = Module(
            List(1, Type([], [])), List(2, [.. Name("h"), .. Name("f"), 0, 0]), List(3, [0]), List(5, [0, 1]),
            List(7, [.. Name("f"), 0, 1]), List(10, Body(code)));
        return HostileModules.Function(store, module, imports: new Imports().Add("h", "f", host));
    }
}
