using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>
/// What can be compared of two runs of a block: equal on every machine, whatever is cached. Kept with the block's record.
/// </summary>
/// <param name="FlushDigest">SHA-256 over all flushed messages in order, each after its length as 8 bytes, little endian.</param>
/// <param name="Fuel">Fuel that the guest used.</param>
/// <param name="MemoryPages">Pages of the guest's memory when it returned.</param>
/// <param name="MemoryDigest">
/// Digest of the guest's memory when it returned: SHA-256 over the number of pages (8 bytes, little endian) and the SHA-256 of
/// each. Default where it was not asked for.
/// </param>
public readonly record struct BlockRun(Fingerprint FlushDigest, long Fuel, uint MemoryPages, Fingerprint MemoryDigest);
