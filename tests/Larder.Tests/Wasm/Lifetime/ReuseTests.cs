using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Lifetime;

/// <summary>
/// Memories and tables that were used before begin as their module or image says, whoever had them: what one instance
/// wrote never reaches another.
/// </summary>
public sealed class ReuseTests
{
    private const int Pages = 12;
    private const int Bytes = Pages * 65_536;
    private const int Elements = 300;

    // A memory that is large enough to be mapped, a table that is mapped, and what fills both a little.
    private static readonly byte[] Program = Module(
        List(1, Type([], [])),
        List(3, [0]),
        List(4, [FuncRef, 0, .. U32(Elements)]),
        List(5, [0, Pages]),
        List(7, [.. Name("m"), 2, 0], [.. Name("t"), 1, 0]),
        List(9, [0, 0x41, 7, End, 2, 0, 0]),
        List(10, Body()),
        List(11, [0, 0x41, 5, End, 3, 1, 2, 3]));

    public static TheoryData<MemoryChecks> Checks => [MemoryChecks.Auto, MemoryChecks.Explicit];

    [Theory]
    [MemberData(nameof(Checks))]
    public void Instances_begin_as_the_module_or_the_image_says(MemoryChecks checks)
    {
        var module = CompiledModule.Compile(Program, new CompileOptions { MemoryChecks = checks });
        using var origin = new Store();
        var first = origin.Instantiate(module);
        first.Memory("m")!.Span(100_000, 4).Fill(9); // Exported above, here and below.
        using var image = first.Snapshot();
        using var other = origin.Instantiate(module).Snapshot();
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            using var store = new Store();
            var which = random.Next(3);
            var instance = which switch
            {
                0 => store.Instantiate(module),
                1 => store.Instantiate(image),
                _ => store.Instantiate(other),
            };

            for (var reset = random.Next(3); reset >= 0; reset--)
            {
                AssertFresh(instance, which == 1, $"round {round}, {which}");
                Spoil(instance, random);
                if (which != 0)
                {
                    instance.Restore(which == 1 ? image : other);
                    AssertFresh(instance, which == 1, $"round {round}, {which}, reset");
                    Spoil(instance, random);
                }
                else
                {
                    break;
                }

                instance.Restore(which == 1 ? image : other);
            }
        }
    }

    [Fact]
    public void An_image_that_is_disposed_leaves_its_instances_alone()
    {
        var module = CompiledModule.Compile(Program);
        using var store = new Store();
        using var image = store.Instantiate(module).Snapshot();
        using (var gone = new Store())
        {
            gone.Instantiate(image);
        }

        using var user = new Store();
        var instance = user.Instantiate(image);
        image.Dispose();

        AssertFresh(instance, isMarked: false, "after the image");
        using var late = new Store();
        AssertFresh(late.Instantiate(module), isMarked: false, "after everything");
        Assert.Throws<ObjectDisposedException>(() => late.Instantiate(image));
    }

    [Fact]
    public void An_image_that_the_store_has_no_room_for_is_refused()
    {
        var module = CompiledModule.Compile(Program);
        using var store = new Store();
        var instance = store.Instantiate(module);
        Assert.Equal(Pages, instance.Memory("m")!.Grow(1)); // Exported above.
        using var image = instance.Snapshot();
        using var small = new Store(new StoreOptions { MemoryPages = Pages });

        var exception = Assert.Throws<WasmException>(() => small.Instantiate(image));

        Assert.Equal(WasmErrorKind.LimitExceeded, exception.Kind);
    }

    private static void Spoil(Instance instance, Random random)
    {
        var memory = instance.Memory("m")!; // Exported above.
        if (random.Next(2) == 0)
        {
            memory.Grow(1);
        }

        for (var count = random.Next(1, 40); count > 0; count--)
        {
            memory.Span((ulong)random.Next((int)memory.ByteLength - 64), 64).Fill(0xEE);
        }

        var table = instance.Table("t")!; // Exported above.
        var function = table[7];
        table.Grow((ulong)random.Next(3), function);
        table[(ulong)random.Next(Elements)] = function;
    }

    private static void AssertFresh(Instance instance, bool isMarked, string when)
    {
        var memory = instance.Memory("m")!; // Exported above.
        Assert.True(memory.ByteLength == Bytes, when);
        var expected = new byte[Bytes];
        new byte[] { 1, 2, 3 }.CopyTo(expected, 5);
        if (isMarked)
        {
            expected.AsSpan(100_000, 4).Fill(9);
        }

        Assert.True(memory.Span(0, Bytes).SequenceEqual(expected), when);
        var table = instance.Table("t")!; // Exported above.
        Assert.True(table.Length == Elements, when);
        for (var index = 0UL; index < Elements; index++)
        {
            Assert.True(table[index].Function is null == index is not (7 or 8), $"{when}: element {index}");
        }
    }
}
