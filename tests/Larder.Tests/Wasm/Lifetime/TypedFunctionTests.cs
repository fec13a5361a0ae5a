using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Lifetime;

/// <summary>Calls in both directions with values of the language's own types.</summary>
public sealed class TypedFunctionTests
{
    // mix: i32 + i64 + f32 + f64 as f64. pass: calls the import of the same type. six: the sum of six i32. trap, nothing.
    private static readonly byte[] Program = Module(
        List(1, Type([I32, I64, F32, F64], [F64]), Type([I32, I32, I32, I32, I32, I32], [I32]), Type([], []), Type([], [I32, I32])),
        List(2, [.. Name("h"), .. Name("mix"), 0, 0], [.. Name("h"), .. Name("note"), 0, 2]),
        List(3, [0], [0], [1], [2], [2], [3]),
        List(7,
            [.. Name("mix"), 0, 2], [.. Name("pass"), 0, 3], [.. Name("six"), 0, 4], [.. Name("trap"), 0, 5],
            [.. Name("note"), 0, 6], [.. Name("two"), 0, 7], [.. Name("host"), 0, 0]),
        List(10,
            Body([0x20, 0, 0xB7, 0x20, 1, 0xB9, 0xA0, 0x20, 2, 0xBB, 0xA0, 0x20, 3, 0xA0]),
            Body([0x20, 0, 0x20, 1, 0x20, 2, 0x20, 3, 0x10, 0]),
            Body([0x20, 0, 0x20, 1, 0x6A, 0x20, 2, 0x6A, 0x20, 3, 0x6A, 0x20, 4, 0x6A, 0x20, 5, 0x6A]),
            Body([0x00]),
            Body([0x10, 1]),
            Body([0x41, 1, 0x41, 2])));

    [Fact]
    public void Values_of_every_type_go_both_ways()
    {
        using var store = new Store();
        Instance? caller = null;
        var mix = WasmFunction.From(store, (Instance from, uint a, long b, float c, double d) =>
        {
            caller = from;
            return (a * 1000.0) + (b * 100.0) + (c * 10.0) + d;
        });
        var instance = Instantiate(store, mix, () => { });

        Assert.Null(instance.Function("mix")!.Invoke(-1, 1L << 40, 0.5f, 0.25, out double sum)); // Exported above, as all are.
        Assert.Equal(-1 + (1L << 40) + 0.5 + 0.25, sum);
        Assert.Null(instance.Function("pass")!.Invoke(7u, 6UL, 5f, 4.0, out double passed));
        Assert.Equal(7654, passed);
        Assert.Same(instance, caller);
        Assert.Null(instance.Function("six")!.Invoke(1, 2, 3, 4, 5, 6u, out uint total));
        Assert.Equal(21u, total);

        // By way of values, and the host function itself.
        Assert.Null(instance.Function("pass")!.TryCall(out var results, 7, 6L, 5f, 4.0));
        Assert.Equal(7654, results![0].F64); // There was no trap.
        Assert.Null(instance.Function("host")!.Invoke(1, 1L, 1f, 1.0, out double direct));
        Assert.Equal(1111, direct);
    }

    [Fact]
    public void Traps_are_values_and_exceptions_of_the_host_come_through()
    {
        using var store = new Store();
        var instance = Instantiate(store, Mix(store), () => throw new TimeoutException("late"));

        Assert.Equal(TrapKind.Unreachable, instance.Function("trap")!.Invoke()?.Kind);
        Assert.Equal("late", Assert.Throws<TimeoutException>(() => instance.Function("note")!.Invoke()).Message);
        Assert.Null(instance.Function("six")!.Invoke(1, 1, 1, 1, 1, 1, out int sum));
        Assert.Equal(6, sum);

        store.Interrupt();
        Assert.Equal(TrapKind.Interrupted, instance.Function("note")!.Invoke()?.Kind);
    }

    [Fact]
    public void A_host_function_may_call_the_guest_and_dispose_the_store()
    {
        var store = new Store();
        Instance? instance = null;
        var inner = 0;
        instance = Instantiate(store, Mix(store), () =>
        {
            Assert.Null(instance!.Function("six")!.Invoke(1, 2, 3, 4, 5, 6, out inner));
            store.Dispose();
        });
        var note = instance.Function("note")!;
        var six = instance.Function("six")!;

        Assert.Null(note.Invoke());

        Assert.Equal(21, inner);
        Assert.Throws<ObjectDisposedException>(() => six.Invoke(1, 2, 3, 4, 5, 6, out int _));
        Assert.Throws<ObjectDisposedException>(() => note.Invoke());
    }

    [Fact]
    public void Other_types_are_refused()
    {
        using var store = new Store();
        var instance = Instantiate(store, Mix(store), () => { });
        var six = instance.Function("six")!;

        var wrong = Assert.Throws<ArgumentException>(() => six.Invoke(1, 2, 3, 4, 5, 6L, out int _));
        Assert.Contains("(i32 i32 i32 i32 i32 i64)", wrong.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => six.Invoke(1, 2, 3, 4, 5, 6, out long _));
        Assert.Throws<ArgumentException>(() => six.Invoke(1, 2, 3, 4, 5, out int _));
        Assert.Throws<ArgumentException>(() => six.Invoke(1, 2, 3, 4, 5, 6));
        Assert.Throws<ArgumentException>(() => instance.Function("two")!.Invoke(out int _));
        Assert.Throws<ArgumentException>(() => instance.Function("note")!.Invoke(out byte _));
        Assert.Throws<ArgumentException>(() => WasmFunction.From(store, (Instance _, decimal _) => { }));
        var exception = Assert.Throws<WasmException>(() => Instantiate(store, WasmFunction.From(store, (Instance _, int a) => a), () => { }));
        Assert.Equal(WasmErrorKind.Unlinkable, exception.Kind);
    }

    private static WasmFunction Mix(Store store) =>
        WasmFunction.From(store, (Instance _, int _, long _, float _, double _) => 0.0);

    private static Instance Instantiate(Store store, WasmFunction mix, Action note) => store.Instantiate(
        CompiledModule.Compile(Program),
        new Imports().Add("h", "mix", mix).Add("h", "note", WasmFunction.From(store, _ => note())));
}
