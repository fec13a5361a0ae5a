using System.Collections.Immutable;

namespace Larder.Indexer.Engines;

/// <summary>Sizes of a store.</summary>
/// <param name="Families">One of each family, in their order.</param>
/// <param name="MemtableBytes">Memory of what is not in files yet.</param>
/// <param name="BlockCacheBytes">Memory of the cache of blocks.</param>
internal sealed record StoreFigures(ImmutableArray<StoreFamilyFigures> Families, long MemtableBytes, long BlockCacheBytes);
