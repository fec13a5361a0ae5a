using System.Buffers.Binary;
using System.Text;
using Larder.Indexer;
using Larder.Indexer.Guests;
using static Larder.Tests.Indexer.Guests.Guest;
using static Larder.Tests.Wasm.ModuleBytes;
using Builder = Larder.Tests.Indexer.Guests.GuestBuilder;

namespace Larder.Tests.Indexer.Guests;

/// <summary>What guests are served with when they do everything right.</summary>
public sealed class GuestInstanceTests
{
    [Fact]
    public void A_block_flushes_what_it_writes()
    {
        var outcome = Run(new Builder().Buffer(64, Message("key", "value", "other", "")).Block(code => code.Call(Builder.Flush, 64)).Build());

        Assert.Equal(new() { ["key"] = "value", ["other"] = "" }, outcome.Written());
        Assert.Equal(1U, outcome.Run.MemoryPages);
        Assert.False(outcome.Run.MemoryDigest.IsDefault);
        Assert.True(outcome.Run.Fuel > 0);
    }

    [Fact]
    public void The_input_is_the_height_and_the_block()
    {
        // Stores what it is given as a view's result: length, height, block.
        var module = new Builder()
            .View("echo", code =>
            {
                code.I32(128);
                code.Call(Builder.HostLen);
                code.Store();
                code.Call(Builder.LoadInput, 132);
                code.I32(132);
            })
            .Build();

        Assert.Equal([7, 0, 0, 0, 9], View(module, "echo"));
    }

    [Fact]
    public void Values_are_read_and_absent_ones_have_no_length()
    {
        var module = new Builder()
            .Buffer(64, Bytes("present"))
            .Buffer(96, Bytes("absent"))
            .View("read", code =>
            {
                code.I32(128);
                code.Call(Builder.GetLen, 64);
                code.Store();
                code.Call(Builder.Get, 64, 132);
                code.Call(Builder.Get, 96, 132);
                code.Call(Builder.GetLen, 96);
                code.I32(132);
                code.Op(Opcode.I32Add);
            })
            .Build();
        var state = new DictionaryState().With("present", "here it is");

        Assert.Equal("here it is", Encoding.UTF8.GetString(View(module, "read", state)));
        Assert.Equal(["present", "present", "absent", "absent"], state.Reads);
    }

    [Fact]
    public void Flushes_add_up_and_the_last_value_of_a_key_counts()
    {
        var outcome = Run(new Builder()
            .Buffer(64, Message("a", "1", "b", "1", "a", "2"))
            .Buffer(128, Message("c", "3", "b", "3", "odd"))
            .Block(code =>
            {
                code.Call(Builder.Flush, 64);
                code.Call(Builder.Flush, 128);
            })
            .Build());

        Assert.Equal(["a", "b", "c"], outcome.Writes.Select(write => Encoding.UTF8.GetString(write.Key.Span)));
        Assert.Equal(new() { ["a"] = "2", ["b"] = "3", ["c"] = "3" }, outcome.Written());
    }

    [Fact]
    public void A_flush_digest_covers_every_message_and_its_length()
    {
        byte[] first = Message("a", "1");
        byte[] second = Message("b", "2");
        var outcome = Run(new Builder()
            .Buffer(64, first)
            .Buffer(128, second)
            .Block(code =>
            {
                code.Call(Builder.Flush, 64);
                code.Call(Builder.Flush, 128);
            })
            .Build());

        byte[] expected = [(byte)first.Length, 0, 0, 0, 0, 0, 0, 0, .. first, (byte)second.Length, 0, 0, 0, 0, 0, 0, 0, .. second];
        Assert.Equal(Larder.Cache.Fingerprints.Fingerprint.OfContent(expected), outcome.Run.FlushDigest);
    }

    [Fact]
    public void A_flush_of_nothing_is_a_flush()
    {
        Assert.Empty(Run(new Builder().Buffer(64).Block(code => code.Call(Builder.Flush, 64)).Build()).Writes);
    }

    [Fact]
    public void Nothing_of_one_run_is_there_in_the_next()
    {
        // Writes the counter in its memory as the value, and adds one to it; grows and writes there too.
        byte[] module = new Builder()
            .Buffer(64, Message("k", "00"))
            .Block(code =>
            {
                code.I32(64 + 5);
                code.I32(64 + 5);
                code.Load();
                code.I32(1);
                code.Op(Opcode.I32Add);
                code.Store();
                code.I32(3);
                code.Op(Opcode.MemoryGrow, 0);
                code.I32(16);
                code.Op(Opcode.I32Shl);
                code.I32(1234);
                code.Store();
                code.Call(Builder.Flush, 64);
            })
            .View("size", code =>
            {
                code.I32(200);
                code.I32(4);
                code.Store();
                code.I32(204);
                code.Op(Opcode.MemorySize, 0);
                code.Store();
                code.I32(204);
            })
            .Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();
        using var other = loaded.CreateInstance();

        var outcomes = Enumerable.Range(0, 20)
            .Select(index => (index % 3 == 0 ? other : instance).RunBlock(5, default, new DictionaryState(), TestContext.Current.CancellationToken))
            .ToArray();

        Assert.All(outcomes, outcome => Assert.Equal(outcomes[0].Run, outcome.Run));
        Assert.All(outcomes, outcome => Assert.Equal(outcomes[0].Written(), outcome.Written()));
        Assert.Equal(4U, outcomes[0].Run.MemoryPages);
        Assert.Equal([1, 0, 0, 0], instance.RunView("size", 5, default, new DictionaryState(), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_start_that_reads_runs_again_every_time()
    {
        // The start puts the length of the input where the view looks.
        byte[] module = new Builder()
            .Start(code =>
            {
                code.I32(204);
                code.Call(Builder.HostLen);
                code.Store();
                code.I32(200);
                code.I32(4);
                code.Store();
            })
            .View("seen", code => code.I32(204))
            .Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();

        for (var length = 0; length < 5; length++)
        {
            var result = instance.RunView("seen", 5, new byte[length], new DictionaryState(), TestContext.Current.CancellationToken);

            Assert.Equal(4 + length, BinaryPrimitives.ReadInt32LittleEndian(result));
        }
    }

    [Fact]
    public void Fuel_of_a_start_counts_whether_it_ran_or_is_remembered()
    {
        byte[] module = new Builder()
            .Buffer(64)
            .Start(code =>
            {
                for (var count = 0; count < 100; count++)
                {
                    code.Op(Opcode.Nop);
                }
            })
            .Block(code => code.Call(Builder.Flush, 64))
            .Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();

        var runs = Enumerable.Range(0, 4)
            .Select(_ => instance.RunBlock(5, default, new DictionaryState(), TestContext.Current.CancellationToken).Run)
            .ToArray();

        Assert.Single(runs.Distinct());
        Assert.True(runs[0].Fuel > 100);
    }

    [Fact]
    public void Texts_are_logged_up_to_a_limit()
    {
        byte[] module = new Builder()
            .Buffer(64, Bytes("grüße"))
            .Buffer(96, 0xFF, 0xFE)
            .Buffer(128)
            .Block(code =>
            {
                code.Call(Builder.Log, 64);
                code.Call(Builder.Log, 96);
                code.Call(Builder.Log, 3);
                code.Call(Builder.Log, 64);
                code.Call(Builder.Log, 64);
                code.Call(Builder.Flush, 128);
            })
            .Build();
        using var loaded = Load(module, new IndexerModuleOptions { Limits = new GuestLimits { LogBytes = 10 } });
        using var instance = loaded.CreateInstance();
        var texts = new List<string>();
        instance.Log = texts.Add;

        var outcome = instance.RunBlock(5, default, new DictionaryState(), TestContext.Current.CancellationToken);

        Assert.Equal(["grüße", "gr… (no more is logged)"], texts);
        Assert.Equal(3, outcome.LogLines);
    }

    [Fact]
    public void Only_a_dry_run_is_told_that_it_is_one()
    {
        byte[] module = new Builder()
            .View("dry", code =>
            {
                code.I32(200);
                code.I32(4);
                code.Store();
                code.I32(204);
                code.Call(Builder.IsDryRun);
                code.Store();
                code.I32(204);
            })
            .Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();

        var isNot = instance.RunView("dry", 1, default, new DictionaryState(), TestContext.Current.CancellationToken);
        instance.IsDryRun = true;

        Assert.Equal([0, 0, 0, 0], isNot);
        Assert.Equal([1, 0, 0, 0], instance.RunView("dry", 1, default, new DictionaryState(), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Views_are_exports_that_answer_a_pointer()
    {
        byte[] module = new Builder()
            .Function("helper", [I32], [I32], code => code.I32(0))
            .View("balance", code => code.I32(0))
            .View("__meta", code => code.I32(64))
            .Buffer(64, [
                0x0A, 3, .. Bytes("1.2"), 0x12, 3, .. Bytes("rs1"),
                0x1A, 15, 0x0A, 7, .. Bytes("balance"), 0x12, 1, .. Bytes("A"), 0x1A, 1, .. Bytes("B"), 0x20, 5])
            .Build();
        using var loaded = Load(module);

        Assert.Equal(["balance"], loaded.Views);
        var metadata = loaded.ReadMetadata(TestContext.Current.CancellationToken);
        Assert.Equal("1.2", metadata?.CompilerVersion);
        Assert.Equal("rs1", metadata?.LanguageVersion);
        Assert.Equal([new ViewDescription("balance", "A", "B")], metadata!.Views);
    }

    [Fact]
    public void A_view_flushes_nothing()
    {
        byte[] module = new Builder()
            .Buffer(64, Bytes("x"))
            .View("flush", code =>
            {
                code.Call(Builder.Flush, 0);
                code.I32(64);
            })
            .Build();

        Assert.Equal("x"u8, View(module, "flush"));
    }

    [Fact]
    public void What_the_reader_throws_passes_through_the_guest()
    {
        byte[] module = new Builder().Buffer(64).Block(code => code.Call(Builder.Get, 64, 128)).Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();

        Assert.Equal(
            IndexerErrorKind.Damaged,
            Assert.Throws<IndexerException>(() => instance.RunBlock(5, default, new DamagedState(), TestContext.Current.CancellationToken)).Kind);
    }

    [Fact]
    public void A_run_ends_when_it_is_cancelled()
    {
        byte[] module = new Builder()
            .Block(code =>
            {
                code.Op(Opcode.Loop);
                code.Byte(Empty);
                code.Op(Opcode.Br, 0);
                code.Op(Opcode.End);
            })
            .View("fine", code => code.I32(64))
            .Build();
        using var loaded = Load(module);
        using var instance = loaded.CreateInstance();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        Assert.ThrowsAny<OperationCanceledException>(() => instance.RunBlock(5, default, new DictionaryState(), cancellation.Token));
        Assert.Empty(instance.RunView("fine", 5, default, new DictionaryState(), TestContext.Current.CancellationToken));
    }

    private sealed class DamagedState : Larder.Indexer.State.StateReader
    {
        public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) =>
            throw new IndexerException(IndexerErrorKind.Damaged, "The store is damaged.");
    }
}
