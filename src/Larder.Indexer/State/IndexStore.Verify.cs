using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>What a store says about itself.</summary>
public sealed partial class IndexStore
{
    /// <summary>Problems that a verification reports at most.</summary>
    public const int MaxProblems = 100;

    /// <summary>
    /// Computes the roots of the tip and of the lowest height again from the values alone, and holds records, versions and undo
    /// lists against each other. Reads everything; blocks can be committed meanwhile.
    /// </summary>
    /// <param name="progress">Told how many keys are done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public VerifyReport Verify(IProgress<StoreProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var generation = Hold();
        try
        {
            using var verifier = new StoreVerifier(generation, progress, cancellationToken);
            return verifier.Run();
        }
        finally
        {
            generation.Release();
        }
    }

    /// <summary>What the store holds.</summary>
    public IndexStoreStatistics GetStatistics()
    {
        var generation = Hold();
        try
        {
            var figures = _store.GetFigures();
            return new IndexStoreStatistics
            {
                TipHeight = generation.Tip?.Record.Height,
                LowestHeight = generation.Tip is null ? null : generation.Header.Lowest,
                Keys = generation.Tip?.Keys ?? 0,
                StateBytes = generation.Tip?.Bytes ?? 0,
                NextSequence = generation.Header.NextSequence,
                UnsweptCommits = generation.Header.Dead.All.Sum(static interval => (long)(interval.Last - interval.First) + 1),
                Families =
                [
                    .. OrderedStore.Families.Select(family => new StoreFamilyStatistics(
                        NameOf(family), figures.Families[(int)family].Keys, figures.Families[(int)family].Bytes)),
                ],
                MemtableBytes = figures.MemtableBytes,
                BlockCacheBytes = figures.BlockCacheBytes,
            };
        }
        finally
        {
            generation.Release();
        }
    }

    private static string NameOf(StoreFamily family) => family switch
    {
        StoreFamily.Meta => "blocks",
        StoreFamily.Values => "values",
        StoreFamily.History => "history",
        StoreFamily.Pages => "pages",
        _ => "undo",
    };
}
