namespace Larder.Indexer.Engines;

/// <summary>Sizes of one family of a store.</summary>
/// <param name="Keys">Keys, about: one that was overwritten counts more than once until files are rewritten.</param>
/// <param name="Bytes">Bytes in files and in memory, about.</param>
internal readonly record struct StoreFamilyFigures(long Keys, long Bytes);
