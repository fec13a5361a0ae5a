namespace Larder.Indexer.State;

/// <summary>Keys that have a root of their own beside the root of the whole state.</summary>
/// <param name="Name">What the root is asked by.</param>
/// <param name="Prefix">What its keys begin with.</param>
public sealed record KeyPrefix(string Name, ReadOnlyMemory<byte> Prefix);
