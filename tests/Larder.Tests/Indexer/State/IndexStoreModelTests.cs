namespace Larder.Tests.Indexer.State;

/// <summary>Stores under random commits, rollbacks, pruning and sweeping are always what they would be without the forks.</summary>
public sealed class IndexStoreModelTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false, 60)]
    [InlineData(true, 12)]
    public void Whatever_is_committed_and_taken_back_the_state_is_that_of_the_chain(bool onDisk, int rounds)
    {
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        for (var round = 0; round < rounds; round++)
        {
            using var engine = new StoreEngine(onDisk);
            Run(engine, seed + round, steps: 40);
        }
    }

    private static void Run(StoreEngine engine, int seed, int steps)
    {
        var blocks = new TestBlocks(seed);
        var model = new StateModel(TestBlocks.Prefixes);
        var options = TestBlocks.Options with { Threads = 1 + (seed % 2) };
        var store = engine.Open(options);
        try
        {
            for (var step = 0; step < steps; step++)
            {
                var operation = StateOperation.Next(blocks, model);
                operation.OnStore(store);
                operation.OnModel(model);
                if (blocks.Random.Next(10) == 0)
                {
                    store.Dispose();
                    store = engine.Open(options);
                }

                if (blocks.Random.Next(4) == 0 || step == steps - 1)
                {
                    model.AssertEqual(store, blocks.Keys);
                }
            }
        }
        catch (Exception error) when (error is not Xunit.Sdk.IAssertionException)
        {
            throw new InvalidOperationException($"seed {seed}", error);
        }
        finally
        {
            store.Dispose();
        }
    }
}
