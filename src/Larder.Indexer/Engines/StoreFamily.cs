namespace Larder.Indexer.Engines;

/// <summary>The separate key spaces of a store; one batch may write to all of them.</summary>
internal enum StoreFamily
{
    /// <summary>The header and the records of blocks.</summary>
    Meta,

    /// <summary>Newest version of every key of the state.</summary>
    Values,

    /// <summary>Superseded versions of keys of the state.</summary>
    History,

    /// <summary>Newest version of every page of the trees.</summary>
    Pages,

    /// <summary>What each commit wrote and superseded.</summary>
    Undo,
}
