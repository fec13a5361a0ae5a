namespace Larder.Symbols.Caching;

/// <summary>What a rule decides on: an entry that asks to be cached.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Cache">Which cache it asks.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Bytes">What it would take in memory.</param>
public readonly record struct SymbolCandidate(SymbolKey Key, SymbolCacheKind Cache, SymbolKind Kind, long Bytes);
