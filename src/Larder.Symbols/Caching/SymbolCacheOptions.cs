using Larder.Cache.Policy;

namespace Larder.Symbols.Caching;

/// <summary>How a <see cref="SymbolCache"/> is put together. Validated once, by its constructor.</summary>
public sealed record SymbolCacheOptions
{
    /// <summary>Most entries of the cache of symbols. Default 65,536.</summary>
    public long SymbolEntries { get; init; } = 64 * 1024;

    /// <summary>Most entries of the cache of types. Default 32,768.</summary>
    public long TypeEntries { get; init; } = 32 * 1024;

    /// <summary>Most entries of the cache of functions. Default 65,536.</summary>
    public long FunctionEntries { get; init; } = 64 * 1024;

    /// <summary>Most entries of the cache of constants. Default 32,768.</summary>
    public long ConstantEntries { get; init; } = 32 * 1024;

    /// <summary>
    /// Most memory of all four, in bytes: 40 % for symbols, 20 % for types, 30 % for functions, 10 % for constants. Hard.
    /// Default 64 MiB; at least 64 KiB. See <see cref="CollectsDeadEntries"/>.
    /// </summary>
    public long MemoryLimitBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>
    /// Whether the limit is one for the process: then entries take five eighths of it, and the garbage collector is asked to come
    /// when those that went would not fit into the rest. Otherwise entries take all of it, and what went comes on top until a
    /// collection. Default true.
    /// </summary>
    public bool CollectsDeadEntries { get; init; } = true;

    /// <summary>Who goes when there is no room. Default <see cref="EvictionPolicyKind.Lru"/>.</summary>
    public EvictionPolicyKind Policy { get; init; } = EvictionPolicyKind.Lru;

    /// <summary>The policy of the cache of symbols, when it is another.</summary>
    public EvictionPolicyKind? SymbolPolicy { get; init; }

    /// <summary>The policy of the cache of types, when it is another.</summary>
    public EvictionPolicyKind? TypePolicy { get; init; }

    /// <summary>The policy of the cache of functions, when it is another.</summary>
    public EvictionPolicyKind? FunctionPolicy { get; init; }

    /// <summary>The policy of the cache of constants, when it is another.</summary>
    public EvictionPolicyKind? ConstantPolicy { get; init; }

    /// <summary>
    /// Decides what is cached before the rules of the cache do: true or false decides, null leaves it to them. Must be quick
    /// and not throw. Null, the default, leaves everything to them.
    /// </summary>
    public Func<SymbolCandidate, bool?>? Rule { get; init; }

    /// <summary>Most symbols of a prefetch that are made at a time. Default 4.</summary>
    public int PrefetchParallelism { get; init; } = 4;

    /// <summary>Lookups after which a hit ratio means something. Default 1,024.</summary>
    public long AdviceLookups { get; init; } = 1024;

    /// <summary>
    /// Whether the caches give up a fifth after a full garbage collection that left memory short. Default true.
    /// </summary>
    public bool YieldsToPressure { get; init; } = true;

    /// <summary>Four caches of the same size.</summary>
    public static SymbolCacheOptions OfSize(long entries) => OfSizes(entries, entries, entries, entries);

    /// <summary>Four caches with a size each.</summary>
    public static SymbolCacheOptions OfSizes(long symbols, long types, long functions, long constants) => new()
    {
        SymbolEntries = symbols,
        TypeEntries = types,
        FunctionEntries = functions,
        ConstantEntries = constants,
    };

    internal void Validate()
    {
        Require(SymbolEntries >= 0 && TypeEntries >= 0 && FunctionEntries >= 0 && ConstantEntries >= 0, "Numbers of entries must not be negative");
        Require(MemoryLimitBytes >= 64 * 1024, $"MemoryLimitBytes is {MemoryLimitBytes}; it must be at least 65536");
        Require(PrefetchParallelism is > 0 and <= 256, $"PrefetchParallelism is {PrefetchParallelism}; it must be from 1 to 256");
        Require(AdviceLookups > 0, "AdviceLookups must be at least 1");
    }

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new SymbolsException(SymbolsErrorKind.Configuration, sentence + ".");
        }
    }
}
