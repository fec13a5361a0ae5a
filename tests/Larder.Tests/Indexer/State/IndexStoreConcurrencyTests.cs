using System.Collections.Immutable;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>Readers see one state exactly, whatever is committed, taken back and cleaned up meanwhile.</summary>
public sealed class IndexStoreConcurrencyTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Readers_stay_exact_while_blocks_come_and_go(bool onDisk)
    {
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        using var engine = new StoreEngine(onDisk);
        var blocks = new TestBlocks(seed, keys: 60);
        var model = new StateModel(TestBlocks.Prefixes);
        using var store = engine.Open(TestBlocks.Options with { Durability = Durability.OnClose });
        using var end = new CancellationTokenSource();
        var gate = new Lock();
        (StateReader Reader, ImmutableSortedDictionary<string, byte[]> State)? offered = null;
        var checks = 0;

        // A reader is opened by the writer's thread, which knows what it must see, and read by the others, one after another.
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
            {
                (StateReader Reader, ImmutableSortedDictionary<string, byte[]> State)? taken;
                lock (gate)
                {
                    (taken, offered) = (offered, null);
                }

                if (taken is { } open)
                {
                    for (var i = 0; i < 5; i++)
                    {
                        StateModel.AssertEqual(open.Reader, open.State, blocks.Keys);
                        Thread.Yield();
                    }

                    open.Reader.Dispose();
                    Interlocked.Increment(ref checks);
                }

                // Whatever is the tip at the moment can be opened and read.
                using var tip = store.OpenTipReader();
                _ = tip.Get("k/0"u8).Length;
                Assert.True((store.Tip?.Sequence ?? 0) < 10_000);
            }
        })).ToArray();

        for (var step = 0; step < 150; step++)
        {
            var operation = StateOperation.Next(blocks, model, writes: 30);
            operation.OnStore(store);
            operation.OnModel(model);
            if (!model.IsEmpty)
            {
                var height = (uint)blocks.Random.NextInt64(model.Lowest, model.Tip + 1L);
                var reader = store.OpenReader(height);
                lock (gate)
                {
                    offered?.Reader.Dispose();
                    offered = (reader, model.StateAt(height));
                }
            }
        }

        SpinWait.SpinUntil(() => Volatile.Read(ref checks) > 0, TimeSpan.FromMinutes(1));
        await end.CancelAsync();
        await Task.WhenAll(readers);
        offered?.Reader.Dispose();
        model.AssertEqual(store, blocks.Keys);
        Assert.True(checks > 0);
    }
}
