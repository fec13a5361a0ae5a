namespace Larder.Indexer.State;

/// <summary>Sequences whose commits were rolled back and are not swept yet, both ends inclusive.</summary>
internal readonly record struct DeadInterval(ulong First, ulong Last);
