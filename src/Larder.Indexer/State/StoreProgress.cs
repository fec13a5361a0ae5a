namespace Larder.Indexer.State;

/// <summary>How far a long operation on a store is.</summary>
/// <param name="Done">Keys that are done, in the step at hand.</param>
/// <param name="Total">Keys in all; 0 where it is not known.</param>
public readonly record struct StoreProgress(long Done, long Total);
