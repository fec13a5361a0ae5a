using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>A map whose keys have versions: where its parts are.</summary>
/// <param name="Latest">Newest version of every key.</param>
/// <param name="History">Versions that were superseded.</param>
/// <param name="UndoKind">Number of the map in the keys of undo lists.</param>
internal sealed record VersionedMap(StoreFamily Latest, StoreFamily History, byte UndoKind)
{
    /// <summary>The keys of the state.</summary>
    public static VersionedMap Values { get; } = new(StoreFamily.Values, StoreFamily.ValueHistory, 1);

    /// <summary>The pages of the trees.</summary>
    public static VersionedMap Pages { get; } = new(StoreFamily.Pages, StoreFamily.PageHistory, 2);

    /// <summary>The map of a kind of undo list.</summary>
    public static VersionedMap OfUndoKind(byte kind) => kind switch
    {
        1 => Values,
        2 => Pages,
        _ => throw new IndexerException(IndexerErrorKind.Damaged, $"The index is damaged: an undo list is of kind {kind}. Restore a snapshot or index again."),
    };
}
