namespace Larder.Indexer.Guests;

/// <summary>How a module is loaded.</summary>
public sealed record IndexerModuleOptions
{
    /// <summary>Its memory. Default: what the module itself says.</summary>
    public MemoryProfile Memory { get; init; } = new();

    /// <summary>What its runs may use.</summary>
    public GuestLimits Limits { get; init; } = new();

    /// <summary>
    /// Whether every block's <see cref="State.BlockRun.MemoryDigest"/> is computed, which takes up to half a second for each GiB of
    /// memory that was touched. Default false. No part of the recipe.
    /// </summary>
    public bool MemoryDigest { get; init; }
}
