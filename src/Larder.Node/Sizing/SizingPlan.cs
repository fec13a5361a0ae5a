using System.Collections.Immutable;
using System.Globalization;
using Larder.Cache.Sizing;
using Larder.Handlers;

namespace Larder.Node.Sizing;

/// <summary>How large a node's tiers should be, and what its container then needs: the answer of <c>GET /v1/plan</c>.</summary>
public sealed record SizingPlan
{
    /// <summary>The tiers from upper to lower.</summary>
    public required ImmutableArray<TierPlan> Tiers { get; init; }

    /// <summary>What the container needs with the settings of now.</summary>
    public required PodMemory Pod { get; init; }

    /// <summary>What it needs with the recommended capacities.</summary>
    public required PodMemory RecommendedPod { get; init; }

    /// <summary>The recommended <c>sizeLimit</c> of the disk tier's volume; 0 without a disk tier.</summary>
    public long RecommendedVolumeBytes { get; init; }

    /// <summary>Whether the disk tier's volume is RAM-backed, and so counted in the container's memory.</summary>
    public bool IsVolumeInMemory { get; init; }

    /// <summary>Whether the node watches its lookups at all.</summary>
    public bool IsWatching { get; init; } = true;

    /// <summary>Puts a plan together.</summary>
    /// <param name="tiers">The tiers' plans.</param>
    /// <param name="options">The settings of now.</param>
    /// <param name="handlers">How handlers are run; null when they are not.</param>
    /// <param name="volumeInMemory">Whether the disk tier's volume is RAM-backed.</param>
    public static SizingPlan Make(
        ImmutableArray<TierPlan> tiers, NodeOptions options, HandlerRuntimeOptions? handlers, bool volumeInMemory)
    {
        ArgumentNullException.ThrowIfNull(options);
        var memory = Recommended(tiers, "memory tier", options.MemoryCapacityBytes);
        var disk = Recommended(tiers, "disk tier", options.DiskCapacityBytes);
        var compiled = handlers is null ? 0 : Recommended(tiers, "compiled handlers", handlers.Compiler.CapacityBytes);
        var volume = PodMemory.VolumeFor(disk);
        var volumeNow = PodMemory.VolumeFor(options.DiskCapacityBytes);
        return new SizingPlan
        {
            Tiers = tiers,
            Pod = PodMemory.Of(options, handlers, volumeInMemory ? volumeNow : 0),
            RecommendedPod = PodMemory.Of(
                options with { MemoryCapacityBytes = memory, DiskCapacityBytes = disk },
                handlers is null ? null : handlers with { Compiler = handlers.Compiler with { CapacityBytes = compiled } },
                volumeInMemory ? volume : 0),
            RecommendedVolumeBytes = volume,
            IsVolumeInMemory = volumeInMemory,
        };
    }

    /// <summary>Reads a wanted hit ratio: <c>0.9</c>, <c>90</c>, <c>90%</c> or <c>90 %</c>; false when it is none.</summary>
    public static bool TryParseTarget(string text, out double ratio)
    {
        ArgumentNullException.ThrowIfNull(text);
        var isPercent = text.EndsWith('%');
        var isNumber = double.TryParse(
            text.AsSpan().TrimEnd('%').TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out ratio);
        ratio = isPercent || ratio > 1 ? ratio / 100 : ratio;
        return isNumber && ratio is > 0 and <= 1;
    }

    private static long Recommended(ImmutableArray<TierPlan> tiers, string name, long otherwise) =>
        tiers.FirstOrDefault(plan => plan.Name == name && !plan.InEntries) is { RecommendedBytes: > 0 } plan ? plan.RecommendedBytes : otherwise;
}
