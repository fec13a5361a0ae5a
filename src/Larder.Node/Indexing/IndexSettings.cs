using System.Collections.Immutable;
using Larder.Indexer.Blocks;
using Larder.Indexer.Guests;
using Larder.Indexer.State;

namespace Larder.Node.Indexing;

/// <summary>How an index is made: what its directory keeps beside the module and the state.</summary>
/// <remarks>The first group is part of what the index is and never changes; the rest may be given anew with every run.</remarks>
public sealed record IndexSettings
{
    /// <summary>Pages that a guest begins with; null for what the module says.</summary>
    public uint? InitialPages { get; init; }

    /// <summary>Pages at which a guest's memory ends; null for what the module says.</summary>
    public uint? MaximumPages { get; init; }

    /// <summary>Pages that are set aside before the guest's heap. Default 0.</summary>
    public uint PreallocatedPages { get; init; }

    /// <summary>The global that has the address of the guest's heap, for modules that do not name it; null to look for it.</summary>
    public int? HeapBaseGlobal { get; init; }

    /// <summary>Fuel of a block; null for the usual.</summary>
    public long? BlockFuel { get; init; }

    /// <summary>Fuel of a view; null for the usual.</summary>
    public long? ViewFuel { get; init; }

    /// <summary>Key prefixes with roots of their own: name and bytes in hex.</summary>
    public ImmutableSortedDictionary<string, string> PrefixRoots { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Whether the guest's memory is digested after every block. No result depends on it.</summary>
    public bool MemoryDigest { get; init; }

    /// <summary>Bytes of the cache of reads; 0 for none. Null for 1 GiB.</summary>
    public long? CacheBytes { get; init; }

    /// <summary>Blocks whose state is kept; null for all.</summary>
    public int? KeptBlocks { get; init; }

    /// <summary>Blocks after which what was written is forced to the disk; 0 when the index is closed. Default 1.</summary>
    public int DurableBlocks { get; init; } = 1;

    /// <summary>Format of the blocks.</summary>
    public BlockFormat Format { get; init; }

    /// <summary>How blocks are written in files.</summary>
    public BlockEncoding Encoding { get; init; }

    /// <summary>Longest block in bytes.</summary>
    public int MaxBlockBytes { get; init; } = new BlockSourceOptions().MaxBlockBytes;

    /// <summary>Where blocks come from; null when it was never said, or was a stream.</summary>
    public IndexSource? Source { get; init; }

    /// <summary>How the store is kept.</summary>
    public IndexStoreOptions ToStoreOptions() => new()
    {
        KeptBlocks = KeptBlocks,
        Durability = new Durability(DurableBlocks),
        // An index that began with a snapshot has the prefixes of that one.
        Prefixes = PrefixRoots.IsEmpty ? null : [.. PrefixRoots.Select(static pair => new KeyPrefix(pair.Key, Convert.FromHexString(pair.Value)))],
    };

    /// <summary>How the module is loaded.</summary>
    public IndexerModuleOptions ToModuleOptions()
    {
        var limits = new GuestLimits();
        return new IndexerModuleOptions
        {
            Memory = new MemoryProfile
            {
                InitialPages = InitialPages,
                MaximumPages = MaximumPages,
                PreallocatedPages = PreallocatedPages,
                HeapBaseGlobal = HeapBaseGlobal,
            },
            MemoryDigest = MemoryDigest,
            Limits = limits with { BlockFuel = BlockFuel ?? limits.BlockFuel, ViewFuel = ViewFuel ?? limits.ViewFuel },
        };
    }

    /// <summary>How blocks are read.</summary>
    public BlockSourceOptions ToSourceOptions() => new() { Format = Format, Encoding = Encoding, MaxBlockBytes = MaxBlockBytes };

    /// <summary>The first thing of the first group in which the two differ; null when they make the same index.</summary>
    /// <param name="other">What is asked for.</param>
    internal string? Difference(IndexSettings other) => this switch
    {
        _ when InitialPages != other.InitialPages => "initial pages",
        _ when MaximumPages != other.MaximumPages => "maximum pages",
        _ when PreallocatedPages != other.PreallocatedPages => "preallocated pages",
        _ when HeapBaseGlobal != other.HeapBaseGlobal => "heap base",
        _ when BlockFuel != other.BlockFuel || ViewFuel != other.ViewFuel => "fuel",
        _ when Format != other.Format => "format of blocks",
        _ when !PrefixRoots.SequenceEqual(other.PrefixRoots) => "prefixes with roots",
        _ => null,
    };
}
