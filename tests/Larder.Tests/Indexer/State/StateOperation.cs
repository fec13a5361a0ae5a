using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>Something that is done to a store and to its model.</summary>
internal sealed record StateOperation(string Name, Action<IndexStore> OnStore, Action<StateModel> OnModel)
{
    /// <summary>Draws what can be done next.</summary>
    public static StateOperation Next(TestBlocks blocks, StateModel model, int writes = 60)
    {
        var random = blocks.Random;
        switch (model.IsEmpty ? 0 : random.Next(20))
        {
            case < 13:
                var commit = blocks.Next(model.IsEmpty ? null : model.TipCommit, random.Next(writes), (uint)random.Next(1000));
                return new StateOperation($"commit {commit.Height}", store => store.Commit(commit), changed => changed.Commit(commit));
            case < 17:
                var target = (uint)random.NextInt64(model.Lowest, model.Tip + 1L);
                return new StateOperation($"rollback to {target}", store => store.Rollback(target), changed => changed.Rollback(target));
            case 17:
                var lowest = (uint)random.NextInt64(model.Lowest, model.Tip + 1L);
                return new StateOperation($"prune below {lowest}", store => store.Prune(lowest), changed => changed.Prune(lowest));
            case 18:
                return new StateOperation("sweep", static store => store.Sweep(), static _ => { });
            default:
                return random.Next(3) == 0
                    ? new StateOperation("rollback of all", static store => store.RollbackAll(), static changed => changed.RollbackAll())
                    : new StateOperation("sync", static store => store.Sync(), static _ => { });
        }
    }
}
