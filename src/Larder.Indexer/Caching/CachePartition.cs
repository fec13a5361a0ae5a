namespace Larder.Indexer.Caching;

/// <summary>A part of a <see cref="ReadCache"/> with a budget of its own.</summary>
public enum CachePartition
{
    /// <summary>State at the tip, for the one thread that indexes.</summary>
    Main,

    /// <summary>State at heights, for views; the scope is the sequence of the height's block.</summary>
    Heights,

    /// <summary>Results that were computed from state; the scope is a hash of what they depend on.</summary>
    Api,
}
