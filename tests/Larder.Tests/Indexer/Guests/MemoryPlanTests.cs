using System.Buffers.Binary;
using Larder.Indexer;
using Larder.Indexer.Guests;
using static Larder.Tests.Indexer.Guests.Guest;
using Builder = Larder.Tests.Indexer.Guests.GuestBuilder;

namespace Larder.Tests.Indexer.Guests;

/// <summary>Memory profiles, and pages that are set aside before the heap.</summary>
public sealed class MemoryPlanTests
{
    private const string HeapBase = "__heap_base";
    private const int OldBase = 1024;

    // A page as document 5 has it, thousands of times: one gibibyte.
    private const uint Gibibyte = 16_384;

    [Fact]
    public void A_heap_base_that_is_exported_and_read_is_moved()
    {
        byte[] module = WithGlobal(isMutable: false, HeapBase).Build();

        Assert.Equal((OldBase, 1), Heap(module, 0));
        Assert.Equal((OldBase + (3 * 65_536), 4), Heap(module, 3));
        Assert.Equal((OldBase + 0x4000_0000, 1 + (int)Gibibyte), Heap(module, Gibibyte));
    }

    [Theory]
    [InlineData(HeapBase)]
    [InlineData("~lib/memory/__heap_base")]
    public void A_heap_base_that_is_named_is_moved(string name)
    {
        byte[] module = WithGlobal(isMutable: false, export: null).GlobalName(0, name).Build();

        Assert.Equal((OldBase + (5 * 65_536), 6), Heap(module, 5));
    }

    [Fact]
    public void A_heap_base_without_a_name_can_be_told_by_its_index()
    {
        byte[] module = WithGlobal(isMutable: true, export: null).Build();

        Assert.Contains("HeapBaseGlobal", Refused(module, new MemoryProfile { PreallocatedPages = 5 }), StringComparison.Ordinal);
        Assert.Equal((OldBase + (5 * 65_536), 6), Heap(module, 5, global: 0));
        Assert.Contains(
            "global 1 is not there", Refused(module, new MemoryProfile { PreallocatedPages = 5, HeapBaseGlobal = 1 }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_heap_base_that_can_be_set_is_not_believed_by_its_name()
    {
        Assert.Contains(
            "can be set",
            Refused(WithGlobal(isMutable: true, HeapBase).Build(), new MemoryProfile { PreallocatedPages = 5 }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_heap_that_comes_from_growing_follows_the_pages()
    {
        // As Rust's: the base is exported, and no code reads it.
        byte[] Module(bool asksSize) => new Builder()
            .Global(isMutable: false, OldBase, HeapBase)
            .View("heap", code =>
            {
                code.I32(200);
                code.I32(4);
                code.Store();
                code.I32(204);
                code.I32(1);
                code.Op(Opcode.MemoryGrow, 0);
                code.Store();
                if (asksSize)
                {
                    code.Op(Opcode.MemorySize, 0);
                    code.Op(Opcode.Drop);
                }

                code.I32(204);
            })
            .Build();
        var options = new IndexerModuleOptions { Memory = new MemoryProfile { PreallocatedPages = Gibibyte } };

        Assert.Equal(1 + (int)Gibibyte, BinaryPrimitives.ReadInt32LittleEndian(View(Module(asksSize: false), "heap", options: options)));
        Assert.Contains("memory.size", Refused(Module(asksSize: true), options.Memory), StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_that_the_modules_maximum_does_not_allow_are_refused_with_the_figures()
    {
        byte[] module = new Builder { Minimum = 2, Maximum = 16_384 }.Block(_ => { }).Build();

        var message = Refused(module, new MemoryProfile { PreallocatedPages = Gibibyte });

        Assert.Contains("2 pages to begin with and 16384 preallocated", message, StringComparison.Ordinal);
        Assert.Contains("the 16384 that the module allows", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Profiles_that_contradict_the_module_are_refused()
    {
        byte[] module = new Builder { Minimum = 10, Maximum = 20 }.Block(_ => { }).Build();

        Assert.Contains("begins with 10 pages", Refused(module, new MemoryProfile { InitialPages = 9 }), StringComparison.Ordinal);
        Assert.Contains("may have 20 pages", Refused(module, new MemoryProfile { MaximumPages = 21 }), StringComparison.Ordinal);
        Assert.Contains("profile's MaximumPages", Refused(module, new MemoryProfile { MaximumPages = 9 }), StringComparison.Ordinal);
        Assert.Contains("do not fit", Refused(module, new MemoryProfile { InitialPages = 15, MaximumPages = 14 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Data_behind_the_base_of_the_heap_are_refused()
    {
        Assert.Contains(
            "beyond the base of the heap",
            Refused(WithGlobal(isMutable: false, HeapBase).Data(OldBase, 1).Build(), new MemoryProfile { PreallocatedPages = 1 }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_sets_the_first_pages_and_the_last()
    {
        byte[] module = WithGlobal(isMutable: false, HeapBase).Build();
        using var loaded = Load(module, new IndexerModuleOptions { Memory = new MemoryProfile { InitialPages = 8, MaximumPages = 12 } });

        Assert.Equal(new Limits(8, 12), loaded.Compiled.Module.Memories[0].Limits);
    }

    [Fact]
    public void An_imported_memory_becomes_the_modules_own()
    {
        foreach (var exports in new[] { true, false })
        {
            byte[] module = new Builder { ImportsMemory = true, ExportsMemory = exports, Minimum = 2, Maximum = 9 }
                .Buffer(65_536, Message("k", "v"))
                .Block(code => code.Call(Builder.Flush, 65_536))
                .Build();
            var outcome = Run(module);

            Assert.Equal(new() { ["k"] = "v" }, outcome.Written());
            Assert.Equal(2U, outcome.Run.MemoryPages);
        }
    }

    [Fact]
    public void Every_block_begins_with_the_same_memory_with_and_without_preallocation()
    {
        foreach (var pages in new uint[] { 0, 3, Gibibyte })
        {
            // Adds one to a word of the heap and flushes it.
            byte[] module = new Builder()
                .Buffer(64, Message("k", "...."))
                .Global(isMutable: false, OldBase, HeapBase)
                .Block(code =>
                {
                    code.Op(Opcode.GlobalGet, 0);
                    code.Op(Opcode.GlobalGet, 0);
                    code.Load();
                    code.I32(1);
                    code.Op(Opcode.I32Add);
                    code.Store();
                    code.I32(64 + 5);
                    code.Op(Opcode.GlobalGet, 0);
                    code.Load();
                    code.Store();
                    code.Call(Builder.Flush, 64);
                })
                .Build();
            using var loaded = Load(module, new IndexerModuleOptions { MemoryDigest = true, Memory = new MemoryProfile { PreallocatedPages = pages } });
            using var instance = loaded.CreateInstance();
            using var other = loaded.CreateInstance();

            var outcomes = new[] { instance, instance, other }
                .Select(one => one.RunBlock(5, default, new DictionaryState(), TestContext.Current.CancellationToken))
                .ToArray();

            Assert.Single(outcomes.Select(outcome => outcome.Run).Distinct());
            Assert.Equal(new() { ["k"] = "\u0001\0\0\0" }, outcomes[1].Written());
            Assert.Equal(1 + pages, outcomes[0].Run.MemoryPages);
        }
    }

    [Fact]
    public void Everything_that_decides_a_result_is_part_of_the_recipe()
    {
        byte[] module = WithGlobal(isMutable: false, HeapBase).Build();
        var options = new IndexerModuleOptions();
        var recipes = new List<string>();
        foreach (var other in new[]
        {
            options,
            options with { Memory = new MemoryProfile { InitialPages = 2 } },
            options with { Memory = new MemoryProfile { MaximumPages = 2 } },
            options with { Memory = new MemoryProfile { PreallocatedPages = 2 } },
            options with { Limits = new GuestLimits { BlockFuel = 1000 } },
            options with { Limits = new GuestLimits { CallDepth = 10_000 } },
        })
        {
            using var loaded = Load(module, other);
            recipes.Add(loaded.Recipe.ToString());
        }

        Assert.Equal(recipes.Count, recipes.Distinct().Count());
        using var same = Load(module, options with { MemoryDigest = true });
        Assert.Equal(recipes[0], same.Recipe.ToString());
    }

    private static GuestBuilder WithGlobal(bool isMutable, string? export) => new GuestBuilder()
        .Global(isMutable, OldBase, export)
        .View("heap", code =>
        {
            code.I32(200);
            code.I32(8);
            code.Store();
            code.I32(204);
            code.Op(Opcode.GlobalGet, 0);
            code.Store();
            code.I32(208);
            code.Op(Opcode.MemorySize, 0);
            code.Store();
            code.I32(204);
        });

    // Where the heap begins, and how many pages there are.
    private static (int Base, int Pages) Heap(byte[] module, uint preallocated, int? global = null)
    {
        var profile = new MemoryProfile { PreallocatedPages = preallocated, HeapBaseGlobal = global };
        byte[] result = View(module, "heap", options: new IndexerModuleOptions { Memory = profile });
        return (BinaryPrimitives.ReadInt32LittleEndian(result), BinaryPrimitives.ReadInt32LittleEndian(result.AsSpan(4)));
    }

    private static string Refused(byte[] module, MemoryProfile profile)
    {
        var exception = Assert.Throws<IndexerException>(() => Load(module, new IndexerModuleOptions { Memory = profile }));
        Assert.Equal(IndexerErrorKind.BadModule, exception.Kind);
        return exception.Message;
    }
}
