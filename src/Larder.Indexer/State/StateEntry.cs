namespace Larder.Indexer.State;

/// <summary>A key with its value at some height.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its value, never empty.</param>
public readonly record struct StateEntry(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value);
