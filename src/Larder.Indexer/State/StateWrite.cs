namespace Larder.Indexer.State;

/// <summary>What a block writes to one key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its new value; empty to delete it.</param>
public readonly record struct StateWrite(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value);
