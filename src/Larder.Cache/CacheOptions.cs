using System.Collections.Immutable;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Cache.Remote;
using Larder.Cache.Sizing;

namespace Larder.Cache;

/// <summary>How a <see cref="TieredCache"/> is put together. Validated once, when the cache is opened.</summary>
public sealed record CacheOptions
{
    /// <summary>The memory tier; null for none. Default: 256 MiB on ordinary arrays.</summary>
    public MemoryTierOptions? Memory { get; init; } = new();

    /// <summary>The disk tier; null for none, which is the default.</summary>
    public DiskTierOptions? Disk { get; init; }

    /// <summary>The remote tier; null for none, which is the default.</summary>
    public RemoteTierOptions? Remote { get; init; }

    /// <summary>When the memory tier gives way to the rest of the machine; null for never. Default: as documented.</summary>
    public MemoryPressureOptions? MemoryPressure { get; init; } = new();

    /// <summary>
    /// How the tiers watch their lookups, so that <see cref="TieredCache.GetCurves"/> can say what other capacities would
    /// bring; null for not at all, which is the default.
    /// </summary>
    public SizingOptions? Sizing { get; init; }

    /// <summary>Treatment of kinds, by name. Kinds that are not listed get <see cref="DefaultKind"/>.</summary>
    public ImmutableSortedDictionary<string, KindOptions> Kinds { get; init; } =
        ImmutableSortedDictionary<string, KindOptions>.Empty;

    /// <summary>Treatment of kinds that are not listed.</summary>
    public KindOptions DefaultKind { get; init; } = new();

    /// <summary>Most kinds that may come to exist, so that names from outside cannot grow memory. Default 256.</summary>
    public int MaxKinds { get; init; } = 256;

    /// <summary>How much the log of recipes may remember.</summary>
    public RecipeLogOptions RecipeLog { get; init; } = new();

    /// <summary>Most failures of fills that are remembered; 0 remembers none. Default 1,024.</summary>
    public int MaxRememberedFailures { get; init; } = 1024;

    /// <summary>How long closing the cache waits for what is queued for the remote tier. Default 5 seconds.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most lookups of one batch that run at a time. Default 16.</summary>
    public int BatchParallelism { get; init; } = 16;

    /// <summary>Checks every option that does not belong to a tier.</summary>
    /// <exception cref="CacheException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        Sizing?.Validate();
        Require(MaxKinds > 0, "MaxKinds must be at least 1");
        Require(MaxRememberedFailures >= 0, "MaxRememberedFailures must not be negative");
        Require(BatchParallelism > 0, "BatchParallelism must be at least 1");
        foreach (var (name, options) in Kinds)
        {
            Require(ArtifactKind.TryParse(name, out _), $"'{name}' is not the name of a kind");
            Require(options.MaxEntryBytes >= 0, $"MaxEntryBytes of kind '{name}' must not be negative");
            Require(options.MaxMemoryEntryBytes >= 0, $"MaxMemoryEntryBytes of kind '{name}' must not be negative");
            Require(options.FailureTtl >= TimeSpan.Zero, $"FailureTtl of kind '{name}' must not be negative");
        }
    }

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new CacheException(CacheErrorKind.Configuration, sentence + ".");
        }
    }
}
