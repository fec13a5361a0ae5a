using Larder.Indexer.Engines;
using Larder.Tests.Indexer.State;

namespace Larder.Tests.Indexer.Engines;

/// <summary>Every native object is released. Alone, because the count is of the whole process.</summary>
[Collection(nameof(RocksLeakTests))]
[CollectionDefinition(nameof(RocksLeakTests), DisableParallelization = true)]
public sealed class RocksLeakTests
{
    [Fact]
    public void Nothing_native_is_left_when_stores_readers_and_failures_are_over()
    {
        using var engine = new StoreEngine(onDisk: true);
        var before = RocksLibrary.LiveObjects;
        for (var round = 0; round < 3; round++)
        {
            var blocks = new TestBlocks(round);
            var model = new StateModel(TestBlocks.Prefixes);
            var store = engine.Open(TestBlocks.Options);
            store.RollbackAll();
            for (var step = 0; step < 40; step++)
            {
                var operation = StateOperation.Next(blocks, model);
                operation.OnStore(store);
                operation.OnModel(model);
            }

            model.AssertEqual(store, blocks.Keys);
            Assert.ThrowsAny<Exception>(() => engine.Open(TestBlocks.Options));
            Assert.ThrowsAny<Exception>(() => store.Commit(blocks.Next(null, 1, 5000)));
            using var left = store.ScanPrefix(default, store.Tip?.Height ?? 0).GetEnumerator();
            Assert.Equal(model.IsEmpty, store.Tip is null);
            var reader = store.OpenTipReader();
            _ = reader.Get("k/0"u8).Length;
            store.Dispose();
            _ = reader.Get("k/7"u8).Length;
            Assert.True(RocksLibrary.LiveObjects > before);
            reader.Dispose();
        }

        Assert.Equal(before, RocksLibrary.LiveObjects);
    }
}
