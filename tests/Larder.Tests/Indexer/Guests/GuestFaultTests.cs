using System.Buffers.Binary;
using Larder.Indexer;
using Larder.Indexer.Guests;
using static Larder.Tests.Indexer.Guests.Guest;
using static Larder.Tests.Wasm.ModuleBytes;
using Builder = Larder.Tests.Indexer.Guests.GuestBuilder;

namespace Larder.Tests.Indexer.Guests;

/// <summary>Guests that do something wrong: an error of their own, and nothing to the host or to the next run.</summary>
public sealed class GuestFaultTests
{
    private const int Unreadable = int.MaxValue;

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(65_533)] // Its length reaches beyond the page by what it says.
    [InlineData(65_537)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void Keys_that_cannot_be_read_are_answered_and_do_no_harm(int key)
    {
        // The length answered, and what __get puts before its target.
        byte[] module = new Builder()
            .Data(65_529, 9, 0, 0, 0)
            .View("read", code =>
            {
                code.I32(196);
                code.I32(8);
                code.Store();
                code.I32(200);
                code.Call(Builder.GetLen, key);
                code.Store();
                code.Call(Builder.Get, key, 208);
                code.I32(200);
            })
            .Build();

        byte[] result = View(module, "read");

        Assert.Equal(Unreadable, BinaryPrimitives.ReadInt32LittleEndian(result));
        Assert.Equal(Unreadable, BinaryPrimitives.ReadInt32LittleEndian(result.AsSpan(4)));
    }

    [Fact]
    public void Addresses_beyond_two_gigabytes_are_addresses()
    {
        const int High = int.MinValue + 4096;
        byte[] module = new Builder { Minimum = 40_000 }
            .Buffer(High, Bytes("key"))
            .Buffer(High + 64, Message("a", "b"))
            .Block(code =>
            {
                code.Call(Builder.Get, High, High + 256);
                code.Call(Builder.LoadInput, High + 512);
                code.Call(Builder.Flush, High + 64);
            })
            .View("high", code =>
            {
                code.I32(High + 252);
                code.Call(Builder.GetLen, High);
                code.Store();
                code.Call(Builder.Get, High, High + 256);
                code.I32(High + 256);
            })
            .Build();
        var state = new DictionaryState().With("key", "found");

        Assert.Equal(new() { ["a"] = "b" }, Run(module, new IndexerModuleOptions(), state).Written());
        Assert.Equal("found"u8, View(module, "high", state, new IndexerModuleOptions()));
    }

    [Theory]
    [InlineData(Builder.LoadInput, 65_530)]
    [InlineData(Builder.LoadInput, -1)]
    [InlineData(Builder.Flush, 3)]
    [InlineData(Builder.Flush, 65_536 + 8)]
    [InlineData(Builder.Flush, -4)]
    public void Writes_and_messages_beyond_the_memory_trap(int function, int pointer)
    {
        var exception = Fails(new Builder().Buffer(64).Block(code =>
        {
            code.Call(function, pointer);
            code.Call(Builder.Flush, 64);
        }).Build());

        Assert.Contains(function == Builder.Flush ? "__flush" : "__load_input", exception.Message, StringComparison.Ordinal);
        Assert.Contains("\n    at func[8]", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(65_533)]
    [InlineData(-2)]
    public void A_value_that_does_not_fit_traps(int target)
    {
        byte[] module = new Builder().Buffer(64, Bytes("key")).View("read", code =>
        {
            code.Call(Builder.Get, 64, target);
            code.I32(64);
        }).Build();

        var exception = Assert.Throws<IndexerException>(() => View(module, "read", new DictionaryState().With("key", "value")));

        Assert.Equal(IndexerErrorKind.GuestFailed, exception.Kind);
        Assert.Equal("key"u8, View(module, "read"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(-16)]
    [InlineData(65_536)] // Its length is the last four bytes, which say 7.
    public void A_view_that_answers_a_wild_pointer_fails(int pointer)
    {
        byte[] module = new Builder().Data(65_532, 7, 0, 0, 0).View("wild", code => code.I32(pointer)).Build();

        var exception = Assert.Throws<IndexerException>(() => View(module, "wild"));

        Assert.Equal(IndexerErrorKind.GuestFailed, exception.Kind);
        Assert.Contains($"{(uint)pointer}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_may_answer_nothing_at_the_very_end()
    {
        Assert.Empty(View(new Builder().View("end", code => code.I32(65_536)).Build(), "end"));
    }

    [Fact]
    public void A_block_that_does_not_flush_fails()
    {
        Assert.Contains("__flush", Fails(new Builder().Block(_ => { }).Build()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Abort_fails_the_block_whether_the_guest_goes_on_or_not()
    {
        foreach (var goesOn in new[] { true, false })
        {
            var exception = Fails(new Builder()
                .Buffer(64)
                .Buffer(128, System.Text.Encoding.Unicode.GetBytes("no such block"))
                .Buffer(192, System.Text.Encoding.Unicode.GetBytes("index.ts"))
                .Block(code =>
                {
                    code.Call(Builder.Flush, 64);
                    code.Call(Builder.Abort, 128, 192, 12, 34);
                    code.Op(goesOn ? Opcode.Nop : Opcode.Unreachable);
                })
                .Build());

            Assert.Contains("\"no such block\" at index.ts:12:34", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Abort_takes_any_pointers()
    {
        foreach (var pointer in new[] { 0, 2, -1, 65_536 })
        {
            Fails(new Builder().Buffer(64).Block(code => code.Call(Builder.Abort, pointer, pointer, -1, -1)).Build());
        }
    }

    [Fact]
    public void A_trap_behind_a_flush_leaves_nothing()
    {
        byte[] module = new Builder()
            .Buffer(64, Message("k", "v"))
            .Block(code =>
            {
                code.Call(Builder.Flush, 64);
                code.Op(Opcode.Unreachable);
            })
            .View("fine", code => code.I32(64))
            .Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();

        var exception = Assert.Throws<IndexerException>(
            () => instance.RunBlock(3, default, new DictionaryState(), TestContext.Current.CancellationToken));

        Assert.Contains("unreachable", exception.Message, StringComparison.Ordinal);
        Assert.NotEmpty(instance.RunView("fine", 3, default, new DictionaryState(), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(new byte[] { 0x0A, 5, 1 }, "at byte 1")]
    [InlineData(new byte[] { 0x0A, 0x80 }, "at byte 1")]
    [InlineData(new byte[] { 0x08, 1 }, "at byte 0")] // Field 1 as a number.
    [InlineData(new byte[] { 0x00 }, "at byte 0")]
    [InlineData(new byte[] { 0x0A, 0, 0x17 }, "at byte 2")] // Wire type 7.
    [InlineData(new byte[] { 0x14 }, "at byte 0")] // An end without a beginning.
    [InlineData(new byte[] { 0x13, 0x08, 1 }, "at byte 3")] // A group without an end.
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F }, "at byte 1")]
    public void A_malformed_message_fails_with_its_place(byte[] message, string place)
    {
        var exception = Fails(new Builder().Buffer(64, message).Block(code => code.Call(Builder.Flush, 64)).Build());

        Assert.Contains("__flush", exception.Message, StringComparison.Ordinal);
        Assert.Contains(place, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_that_nobody_knows_are_passed_over()
    {
        byte[] message =
        [
            0x10, 0x96, 1, // 2: a number
            .. Message("k"),
            0x19, 1, 2, 3, 4, 5, 6, 7, 8, // 3: eight bytes
            0x25, 1, 2, 3, 4, // 4: four bytes
            0x2A, 2, 9, 9, // 5: bytes
            0x33, 0x33, 0x08, 1, 0x34, 0x34, // 6: a group with another one
            .. Message("v"),
        ];

        Assert.Equal(new() { ["k"] = "v" }, Run(new Builder().Buffer(64, message).Block(code => code.Call(Builder.Flush, 64)).Build()).Written());
    }

    [Fact]
    public void Imports_that_nobody_serves_trap_when_they_are_called()
    {
        byte[] Module(bool calls) => new Builder()
            .Import("wasi_snapshot_preview1", "random_get", [I32, I64], [F64])
            .Import("env", "__set_everything", [], [])
            .Buffer(64)
            .Block(code =>
            {
                if (calls)
                {
                    code.Call(9);
                }

                code.Call(Builder.Flush, 64);
            })
            .Build();

        Assert.Empty(Run(Module(calls: false)).Writes);
        Assert.Contains("\"env\".\"__set_everything\"", Fails(Module(calls: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Known_imports_of_another_type_are_refused_at_load()
    {
        var exception = Fails(new Builder().Import("env", "__get", [I32], [I32]).Buffer(64).Block(_ => { }).Build(), IndexerErrorKind.BadModule);

        Assert.Contains("\"env\".\"__get\" as (i32) -> (i32), which is (i32 i32) -> ()", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Imports_that_are_no_functions_are_refused_at_load()
    {
        Assert.Contains(
            "the global \"env\".\"base\"",
            Fails(new Builder().ImportOther("env", "base", 3, I32, 0).Block(_ => { }).Build(), IndexerErrorKind.BadModule).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "the table \"env\".\"table\"",
            Fails(new Builder().ImportOther("env", "table", 1, FuncRef, 0, 1).Block(_ => { }).Build(), IndexerErrorKind.BadModule).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_without_a_memory_or_a_block_is_told_so()
    {
        Assert.Contains(
            "memory",
            Fails(new Builder { ExportsMemory = false }.Block(_ => { }).Build(), IndexerErrorKind.BadModule).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "_start", Fails(new Builder().View("v", code => code.I32(0)).Build(), IndexerErrorKind.BadModule).Message, StringComparison.Ordinal);
        Assert.Equal(
            IndexerErrorKind.Configuration,
            Assert.Throws<IndexerException>(() => View(new Builder().Block(_ => { }).Build(), "none")).Kind);
        Fails([0, 1, 2], IndexerErrorKind.BadModule);
    }

    [Fact]
    public void A_start_that_traps_fails_every_run()
    {
        byte[] module = new Builder().Start(code => code.Op(Opcode.Unreachable)).Block(_ => { }).Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();

        for (var round = 0; round < 3; round++)
        {
            var exception = Assert.Throws<IndexerException>(
                () => instance.RunBlock(3, default, new DictionaryState(), TestContext.Current.CancellationToken));
            Assert.Equal(IndexerErrorKind.GuestFailed, exception.Kind);
            Assert.Contains("start", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Data_beyond_the_memory_are_refused_at_load()
    {
        var exception = Fails(new Builder().Data(65_530, 1, 2, 3, 4, 5, 6, 7).Block(_ => { }).Build(), IndexerErrorKind.BadModule);

        Assert.Contains("65537", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Recursion_traps_at_the_depth_of_the_limit()
    {
        byte[] module = new Builder().Block(code => code.Op(Opcode.Call, 8)).Build();

        Assert.Contains("call stack exhausted", Fails(module).Message, StringComparison.Ordinal);

        // A depth that one limit allows and another does not.
        foreach (var (limit, fails) in new[] { (5 * 4096, true), (32_000_000, false) })
        {
            byte[] deep = new Builder()
                .Buffer(64)
                .Function(null, [I32], [], code =>
                {
                    code.Op(Opcode.LocalGet, 0);
                    code.Op(Opcode.If);
                    code.Byte(Empty);
                    code.Op(Opcode.LocalGet, 0);
                    code.I32(1);
                    code.Op(Opcode.I32Sub);
                    code.Op(Opcode.Call, 8);
                    code.Op(Opcode.End);
                })
                .Block(code =>
                {
                    code.Call(8, 100_000);
                    code.Call(Builder.Flush, 64);
                })
                .Build();
            var options = new IndexerModuleOptions { Limits = new GuestLimits { CallDepth = limit } };
            if (fails)
            {
                Fails(deep, options: options);
            }
            else
            {
                Assert.Empty(Run(deep, options).Writes);
            }
        }
    }

    [Fact]
    public void A_loop_without_end_uses_up_its_fuel()
    {
        byte[] module = new Builder()
            .Block(code =>
            {
                code.Op(Opcode.Loop);
                code.Byte(Empty);
                code.Op(Opcode.Br, 0);
                code.Op(Opcode.End);
            })
            .Build();

        Assert.Contains(
            "out of fuel",
            Fails(module, options: new IndexerModuleOptions { Limits = new GuestLimits { BlockFuel = 100_000_000 } }).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Builder.GetLen)]
    [InlineData(Builder.Log)]
    public void Calls_of_the_host_use_up_fuel(int function)
    {
        byte[] module = new Builder()
            .Buffer(64, new byte[4096])
            .Block(code =>
            {
                code.Op(Opcode.Loop);
                code.Byte(Empty);
                code.Call(function, 64);
                if (function == Builder.GetLen)
                {
                    code.Op(Opcode.Drop);
                }

                code.Op(Opcode.Br, 0);
                code.Op(Opcode.End);
            })
            .Build();
        var state = new DictionaryState();

        var exception = Assert.Throws<IndexerException>(
            () => Run(module, new IndexerModuleOptions { Limits = new GuestLimits { BlockFuel = 1_000_000 } }, state));

        Assert.Contains("out of fuel", exception.Message, StringComparison.Ordinal);
        Assert.True(state.Reads.Count < 3000);
    }

    [Fact]
    public void Growing_is_refused_at_the_page_of_the_profile()
    {
        // Grows page by page until it is refused, and flushes as often as it grew.
        byte[] Module(uint? maximum) => new Builder { Maximum = maximum }
            .Buffer(64, Message("k", "v"))
            .Block(code =>
            {
                code.Op(Opcode.Loop);
                code.Byte(Empty);
                code.I32(1);
                code.Op(Opcode.MemoryGrow, 0);
                code.I32(0);
                code.Op(Opcode.I32GeS);
                code.Op(Opcode.BrIf, 0);
                code.Op(Opcode.End);
                code.Call(Builder.Flush, 64);
            })
            .Build();

        Assert.Equal(100U, Run(Module(null), new IndexerModuleOptions { Memory = new MemoryProfile { MaximumPages = 100 } }).Run.MemoryPages);
        Assert.Equal(50U, Run(Module(50)).Run.MemoryPages);
        Assert.Equal(40U, Run(Module(50), new IndexerModuleOptions { Memory = new MemoryProfile { MaximumPages = 40 } }).Run.MemoryPages);
        Assert.Equal(65_535U, Run(Module(null), new IndexerModuleOptions()).Run.MemoryPages);
        Assert.Equal(65_536U, Run(Module(65_536), new IndexerModuleOptions()).Run.MemoryPages);
    }

    [Fact]
    public void What_a_block_flushes_has_a_limit()
    {
        byte[] module = new Builder()
            .Buffer(64, Message("a", "1", "b", "2", "c", "3"))
            .Block(code =>
            {
                code.Op(Opcode.Loop);
                code.Byte(Empty);
                code.Call(Builder.Flush, 64);
                code.Op(Opcode.Br, 0);
                code.Op(Opcode.End);
            })
            .Build();

        Assert.Contains(
            "1000 bytes",
            Fails(module, options: new IndexerModuleOptions { Limits = new GuestLimits { FlushBytes = 1000 } }).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "100 pairs",
            Fails(module, options: new IndexerModuleOptions { Limits = new GuestLimits { FlushPairs = 100 } }).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_keys_and_results_have_limits()
    {
        byte[] module = new Builder()
            .Buffer(64, Bytes("key"))
            .Buffer(128, Message("key", "value"))
            .Block(code => code.Call(Builder.Flush, 128))
            .View("read", code =>
            {
                code.Call(Builder.GetLen, 64);
                code.Op(Opcode.Drop);
                code.I32(128);
            })
            .Build();

        Fails(module, IndexerErrorKind.LimitExceeded, new IndexerModuleOptions { Limits = new GuestLimits { InputBytes = 2 } });
        Fails(module, options: new IndexerModuleOptions { Limits = new GuestLimits { KeyBytes = 2 } });
        foreach (var limits in new GuestLimits[] { new() { KeyBytes = 2 }, new() { ResultBytes = 4 } })
        {
            Assert.Equal(
                IndexerErrorKind.GuestFailed,
                Assert.Throws<IndexerException>(() => View(module, "read", options: new IndexerModuleOptions { Limits = limits })).Kind);
        }
    }

    [Fact]
    public void An_instance_does_one_thing_at_a_time()
    {
        byte[] module = new Builder().Buffer(64, Bytes("x")).Block(code =>
        {
            code.Call(Builder.Log, 64);
            code.Call(Builder.Flush, 64);
        }).Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();
        instance.Log = _ => instance.RunBlock(1, default, new DictionaryState(), TestContext.Current.CancellationToken);

        Assert.Throws<InvalidOperationException>(
            () => instance.RunBlock(1, default, new DictionaryState(), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        byte[] module = new Builder().Block(_ => { }).Build();

        Fails(module, IndexerErrorKind.Configuration, new IndexerModuleOptions { Limits = new GuestLimits { BlockFuel = 0 } });
        Fails(module, IndexerErrorKind.Configuration, new IndexerModuleOptions { Limits = new GuestLimits { CallDepth = 100 } });
        Fails(module, IndexerErrorKind.Configuration, new IndexerModuleOptions { Memory = new MemoryProfile { MaximumPages = 70_000 } });
    }
}
