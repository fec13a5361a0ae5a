namespace Larder.Indexer.Engines;

/// <summary>How much the native engine may use.</summary>
/// <param name="BlockCacheBytes">Memory for blocks of files, their indexes and filters.</param>
/// <param name="MemtableBytes">Memory for what is not in files yet, over all families; also bounds the log.</param>
internal readonly record struct RocksSettings(long BlockCacheBytes, long MemtableBytes);
