using System.Security.Cryptography;
using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Artifacts;

public sealed class SnapshotFormatTests
{
    // A table of functions, a memory, a number, a reference. "call" calls what the table holds; "keep" keeps the imported
    // function as the reference, and "kept" calls that.
    private static readonly byte[] Bytes = Module(
        List(1, Type([], [I32]), Type([I32], [I32]), Type([], [])),
        List(2, [.. Name("h"), .. Name("f"), 0, 0]),
        List(3, [0], [0], [1], [2], [0]),
        List(4, [FuncRef, 0, 4]),
        List(5, [0, 1]),
        List(6, [I32, 1, 0x41, 5, End], [FuncRef, 1, 0xD0, FuncRef, End]),
        List(
            7,
            [.. Name("m"), 2, 0],
            [.. Name("t"), 1, 0],
            [.. Name("g"), 3, 0],
            [.. Name("r"), 3, 1],
            [.. Name("host"), 0, 0],
            [.. Name("nine"), 0, 2],
            [.. Name("keep"), 0, 4],
            [.. Name("kept"), 0, 5],
            [.. Name("call"), 0, 3]),
        List(9, [0, 0x41, 0, End, 1, 1]),
        List(
            10,
            Body(0x41, 7),
            Body(0x41, 9),
            Body(0x20, 0, 0x11, 0, 0),
            Body(0xD2, 0, 0x24, 1),
            Body(0x41, 2, 0x23, 1, 0x26, 0, 0x41, 2, 0x11, 0, 0)));

    [Fact]
    public void A_snapshot_goes_on_in_another_store_after_it_was_saved()
    {
        var module = CompiledModule.Compile(Bytes);
        using var saved = InstanceSnapshot.Load(module, Changed(module).Save());

        for (var round = 0; round < 2; round++)
        {
            using var store = new Store();
            var instance = store.Instantiate(saved, Host(store, 30 + round));

            Assert.Equal([1, 2, 3], instance.Memory("m")!.Span(70_000, 3).ToArray());
            Assert.Equal(0, instance.Memory("m")!.Span(0, 70_000).IndexOfAnyExcept((byte)0) + 1);
            Assert.Equal(2UL, instance.Memory("m")!.Pages);
            Assert.Equal(-6, instance.Global("g")!.Value.I32);
            Assert.Equal([7, null, null, 9], Enumerable.Range(0, 4).Select(index => Call(instance, index)));
            Assert.True(instance.Function("kept")!.TryCall(out var results) is null && results![0].I32 == 30 + round);
        }
    }

    [Fact]
    public void The_same_snapshot_gives_the_same_bytes_every_time()
    {
        var module = CompiledModule.Compile(Bytes);
        var snapshot = Changed(module);

        var saved = snapshot.Save();

        Assert.Equal(saved, snapshot.Save());
        Assert.Equal(saved, InstanceSnapshot.Load(module, saved).Save());
        Assert.InRange(saved.Length, 4096, 5000);
    }

    [Fact]
    public void A_snapshot_that_is_kept_as_differences_is_saved_and_restored_whole()
    {
        var module = CompiledModule.Compile(Bytes);
        using var store = new Store();
        var instance = store.Instantiate(module, Host(store, 20));
        using var basis = instance.Snapshot();
        instance.Memory("m")!.Span(40_000, 1)[0] = 4;
        instance.Global("g")!.Value = -7;
        using var whole = instance.Snapshot();
        using var different = instance.Snapshot(basis);
        using var foreign = store.Instantiate(CompiledModule.Compile(Bytes), Host(store, 20)).Snapshot();

        Assert.Equal(whole.Save(), different.Save());
        Assert.InRange(different.OwnBytes, 1, whole.OwnBytes / 2);
        instance.Restore(basis);
        Assert.Equal(0, instance.Memory("m")!.Span(40_000, 1)[0]);
        instance.Restore(different);
        Assert.Equal((4, -7), (instance.Memory("m")!.Span(40_000, 1)[0], instance.Global("g")!.Value.I32));
        Assert.Throws<ArgumentException>(() => instance.Snapshot(foreign));
    }

    [Fact]
    public void Damaged_and_foreign_bytes_are_refused()
    {
        var module = CompiledModule.Compile(Bytes);
        var saved = Changed(module).Save();

        for (var length = 0; length < saved.Length; length += 97)
        {
            Refused(module, saved[..length]);
        }

        for (var position = 0; position < saved.Length; position += 31)
        {
            Refused(module, Patched(saved, position, 0x40));
        }

        Refused(CompiledModule.Compile(Bytes, new CompileOptions { Fuel = true }), saved);
        Refused(CompiledModule.Compile(Module()), saved);
        Refused(module, [.. saved, 0]);
    }

    [Fact]
    public void Bytes_that_lie_under_a_right_checksum_are_refused_or_harmless()
    {
        var module = CompiledModule.Compile(Bytes);
        var saved = Changed(module).Save();
        var random = new Random(3);

        for (var round = 0; round < 600; round++)
        {
            // Heads and tails hold the lengths and references; the page in the middle may hold anything.
            var position = random.Next(2) == 0 ? random.Next(40, 100) : saved.Length - 33 - random.Next(200);
            var forged = Patched(saved, position, (byte)random.Next(1, 256));
            SHA256.HashData(forged.AsSpan(..^32), forged.AsSpan(^32..));
            try
            {
                using var loaded = InstanceSnapshot.Load(module, forged);
                using var store = new Store();
                var instance = store.Instantiate(loaded, Host(store, 30));
                Assert.All(Enumerable.Range(0, 4), index => Call(instance, index));
            }
            catch (WasmException exception)
            {
                Assert.True(exception.Kind is WasmErrorKind.BadArtifact or WasmErrorKind.Unavailable or WasmErrorKind.LimitExceeded);
            }
            catch (ArgumentException)
            {
                // A state or a table of another size does not fit into any instance.
            }
        }
    }

    private static InstanceSnapshot Changed(CompiledModule module)
    {
        using var store = new Store();
        var instance = store.Instantiate(module, Host(store, 20));
        Assert.Equal(1, instance.Memory("m")!.Grow(1));
        new byte[] { 1, 2, 3 }.CopyTo(instance.Memory("m")!.Span(70_000, 3));
        instance.Global("g")!.Value = -6;
        instance.Table("t")![3] = WasmValue.FromFunction(instance.Function("nine"));
        Assert.Null(instance.Function("keep")!.TryCall(out _));
        return instance.Snapshot();
    }

    private static Imports Host(Store store, int answer) => new Imports().Add(
        "h", "f", new WasmFunction(store, new FunctionType([], [WasmType.I32]), (_, _, results) => results[0] = answer));

    private static int? Call(Instance instance, int index) =>
        instance.Function("call")!.TryCall(out var results, index) is null ? results![0].I32 : null;

    private static void Refused(CompiledModule module, byte[] saved) =>
        Assert.Equal(WasmErrorKind.BadArtifact, Assert.Throws<WasmException>(() => InstanceSnapshot.Load(module, saved)).Kind);

    private static byte[] Patched(byte[] bytes, int position, byte change)
    {
        var patched = bytes.ToArray();
        patched[position] ^= change;
        return patched;
    }
}
