namespace Larder.Indexer.State;

/// <summary>One key space of a store's engine.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Entries">Entries, about: the engine counts some that were overwritten.</param>
/// <param name="Bytes">Bytes in files and memory, about.</param>
public readonly record struct StoreFamilyStatistics(string Name, long Entries, long Bytes);
