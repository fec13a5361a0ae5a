using Larder.Indexer;
using Larder.Indexer.Engines;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>Whatever write a store is stopped at, it is what it was before an operation or after it.</summary>
public sealed class IndexStoreCrashTests(ITestOutputHelper output)
{
    private const int Steps = 30;

    [Fact]
    public void A_crash_at_any_write_leaves_an_operation_done_or_not_done() => AtEveryWrite(
        MemoryFault.CrashBefore, MemoryFault.CrashAfter);

    [Fact]
    public void No_room_at_any_write_leaves_an_operation_undone_and_the_store_usable() => AtEveryWrite(MemoryFault.NoSpace);

    [Fact]
    public void A_loss_of_power_loses_whole_blocks_from_the_end_and_no_more_than_it_may()
    {
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        for (var round = 0; round < 10; round++)
        {
            var durability = (round % 3) switch { 0 => Durability.OnClose, 1 => Durability.Every(3), _ => Durability.EveryBlock };
            var options = TestBlocks.Options with { Durability = durability };
            var blocks = new TestBlocks(seed + round, keys: 60);
            var memory = new MemoryStore { KeepsUnsynced = true };
            var model = new StateModel(TestBlocks.Prefixes);
            var past = new List<StateModel> { model.Copy() };
            var store = IndexStore.On(memory, options.Validated());
            for (var step = 0; step < Steps; step++)
            {
                var operation = StateOperation.Next(blocks, model, writes: 20);
                operation.OnStore(store);
                operation.OnModel(model);
                past.Add(model.Copy());
                for (var kept = 0; kept <= memory.UnsyncedWrites; kept++)
                {
                    AssertWasSo(memory.Recover(kept), options, past, blocks, durability);
                }
            }

        }
    }

    private static void AssertWasSo(MemoryStore memory, IndexStoreOptions options, List<StateModel> past, TestBlocks blocks, Durability durability)
    {
        using var recovered = IndexStore.On(memory, options.Validated());
        var index = past.FindLastIndex(model => model.LooksLike(recovered));
        Assert.True(index >= 0, "No state of the past looks like this.");
        past[index].AssertEqual(recovered, blocks.Keys);
        if (durability == Durability.EveryBlock)
        {
            Assert.True(past[^1].LooksLike(recovered), "A commit or a rollback that had returned is lost.");
        }
    }

    private void AtEveryWrite(params MemoryFault[] faults)
    {
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        var stopped = 0;
        foreach (var fault in faults)
        {
            var reached = true;
            for (var at = 2; reached; at++)
            {
                reached = Run(seed, fault, at);
                stopped += reached ? 1 : 0;
            }
        }

        Assert.True(stopped > Steps / 2, $"Only {stopped} writes were stopped.");
    }

    // Runs a script that depends on the seed alone, stops it at one write, and goes on; false when there is no such write.
    private static bool Run(int seed, MemoryFault fault, int at)
    {
        var blocks = new TestBlocks(seed, keys: 80);
        var memory = new MemoryStore { Fault = write => write == at ? fault : MemoryFault.None };
        var model = new StateModel(TestBlocks.Prefixes);
        var store = IndexStore.On(memory, TestBlocks.Options.Validated());
        var stopped = false;
        for (var step = 0; step < Steps; step++)
        {
            var operation = StateOperation.Next(blocks, model, writes: 40);
            var before = model.Copy();
            try
            {
                operation.OnStore(store);
                operation.OnModel(model);
            }
            catch (Exception error) when (error is InvalidOperationException || error is IndexerException { Kind: IndexerErrorKind.NoSpace })
            {
                stopped = true;
                operation.OnModel(model);
                if (fault != MemoryFault.NoSpace)
                {
                    memory = memory.Recover(0);
                    store = IndexStore.On(memory, TestBlocks.Options.Validated());
                }

                model = before.LooksLike(store) ? before : model;
                model.AssertEqual(store, blocks.Keys);
            }
        }

        model.AssertEqual(store, blocks.Keys);
        memory.Fault = null;
        store.Sweep();
        model.AssertEqual(store, blocks.Keys);
        return stopped;
    }
}
