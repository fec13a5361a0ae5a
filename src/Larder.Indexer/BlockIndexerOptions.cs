using Larder.Indexer.Caching;
using Larder.Indexer.Guests;
using Larder.Indexer.State;

namespace Larder.Indexer;

/// <summary>What an index is made of, and what it may use.</summary>
public sealed record BlockIndexerOptions
{
    /// <summary>The module, in binary form.</summary>
    public required ReadOnlyMemory<byte> Module { get; init; }

    /// <summary>How the module is loaded: its memory and limits. Default: what the module itself says.</summary>
    public IndexerModuleOptions ModuleOptions { get; init; } = new();

    /// <summary>Directory of the state, made where there is none. Null, the default, for a state that lives in memory only.</summary>
    public string? Directory { get; init; }

    /// <summary>
    /// Whether the state is only read, beside a process that writes it: as it was when it was opened. Default false.
    /// </summary>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// How the state is kept: prefixes with roots of their own, the kept window, durability. Its recipe is set to the module's.
    /// </summary>
    public IndexStoreOptions Store { get; init; } = new();

    /// <summary>
    /// The read cache below the guest's reads. Default: 1 GiB, committed before anything else is loaded. Null or a size of 0 for
    /// none.
    /// </summary>
    public ReadCacheOptions? Cache { get; init; } = new();

    /// <summary>Views that run at once. Default: the processors, at least 4.</summary>
    public int ViewInstances { get; init; } = Math.Max(4, Environment.ProcessorCount);

    /// <summary>Views and previews that may wait for an instance; more are refused. Default 1,024.</summary>
    public int ViewQueue { get; init; } = 1024;

    /// <summary>Time after which a view or preview is ended, waiting included. Default 30 seconds.</summary>
    public TimeSpan ViewTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
