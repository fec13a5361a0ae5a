using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>What a store is for and how much it may use.</summary>
public sealed record IndexStoreOptions
{
    /// <summary>Most that <see cref="Prefixes"/> may hold.</summary>
    public const int MaxPrefixes = 1024;

    /// <summary>
    /// Fingerprint of what makes the writes: module, profile, engine. A store belongs to the one that it was made with. Null
    /// takes the store as it is, for looking at it. Default null.
    /// </summary>
    public Fingerprint? Recipe { get; init; }

    /// <summary>Keys that have roots of their own; the store keeps those that it was made with. Null takes them as they are. Default null.</summary>
    public IReadOnlyList<KeyPrefix>? Prefixes { get; init; }

    /// <summary>
    /// Blocks below the tip whose state can be read and rolled back to, the tip's included: at least 1. Null keeps all of them.
    /// Default null.
    /// </summary>
    public int? KeptBlocks { get; init; }

    /// <summary>What a loss of power may lose. Default: nothing.</summary>
    public Durability Durability { get; init; } = Durability.EveryBlock;

    /// <summary>Memory for blocks of the store's files with their indexes and filters, in bytes. Default 32 MiB.</summary>
    public long BlockCacheBytes { get; init; } = 32L << 20;

    /// <summary>
    /// Memory for what is not in files yet, in bytes: some of it is written to files when it is full. A crash leaves about so
    /// much to be read again when the store is opened. Default 32 MiB, at least 1 MiB.
    /// </summary>
    public long MemtableBytes { get; init; } = 32L << 20;

    /// <summary>Keys and pages of which a commit cleans up what rollbacks and pruning left. Default 4096.</summary>
    public int SweptKeysPerCommit { get; init; } = 4096;

    /// <summary>Threads that a commit may use. Default: the machine's processors, at most 8. Results do not depend on it.</summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 8);

    internal IndexStoreOptions Validated()
    {
        Require(KeptBlocks is null or >= 1, "KeptBlocks is at least 1, or null to keep all.");
        Require(Durability.BlockCount >= 0, "Durability has a number of blocks from 0.");
        Require(BlockCacheBytes >= 1 << 20, "BlockCacheBytes is at least 1 MiB.");
        Require(MemtableBytes is >= 1 << 20 and <= 1L << 40, "MemtableBytes is at least 1 MiB.");
        Require(SweptKeysPerCommit >= 0, "SweptKeysPerCommit is not negative.");
        Require(Threads is >= 1 and <= 1024, "Threads is from 1 to 1024.");
        if (Prefixes is { } prefixes)
        {
            Require(prefixes.Count <= MaxPrefixes, $"There are at most {MaxPrefixes} prefixes.");
            Require(prefixes.All(static prefix => prefix.Name.Length is > 0 and <= 255 && !prefix.Prefix.IsEmpty && prefix.Prefix.Length <= 1024), "A prefix has a name of at most 255 characters and from 1 to 1024 bytes.");
            Require(prefixes.Select(static prefix => prefix.Name).Distinct(StringComparer.Ordinal).Count() == prefixes.Count, "Two prefixes have one name.");
        }

        return this;
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new IndexerException(IndexerErrorKind.Configuration, $"Options of an index: {rule}");
        }
    }
}
