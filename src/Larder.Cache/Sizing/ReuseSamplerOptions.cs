namespace Larder.Cache.Sizing;

/// <summary>How much a <see cref="ReuseSampler"/> may take and remember. Validated by its constructor.</summary>
public sealed record ReuseSamplerOptions
{
    /// <summary>
    /// Most keys that are followed at a time, at least 64; each takes about 100 bytes. Fewer are less exact: see
    /// <see cref="ReuseSampler"/>. Default 16,384.
    /// </summary>
    public int MaxSamples { get; init; } = 16 * 1024;

    /// <summary>Most groups that are told apart; the last one takes those beyond. Each takes 15 KiB. Default 32.</summary>
    public int MaxGroups { get; init; } = 32;

    /// <summary>
    /// The largest capacity of interest: keys beyond it are forgotten, so that the others are followed more closely.
    /// Default: no limit.
    /// </summary>
    public long HorizonBytes { get; init; } = long.MaxValue;

    /// <summary>
    /// Sampled references after which what was counted before counts half, so that the curve follows the traffic; 0 never
    /// forgets. Default 131,072.
    /// </summary>
    public long HalfLife { get; init; } = 128 * 1024;

    /// <summary>
    /// Sampled references a second above which fewer keys are followed, though never fewer than 64; 0 sets no limit. Bounds
    /// what sampling costs: one takes some 0.6 microseconds. Default 20,000.
    /// </summary>
    public int MaxReferencesPerSecond { get; init; } = 20_000;

    /// <summary>
    /// How many references of a group there were so far, sampled or not, where somebody counts them: the curve is then
    /// corrected for popular keys that the sample has too many or too few of. Called under the sampler's lock. Default null.
    /// </summary>
    public Func<int, long>? CountReferences { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxSamples, ReuseSampler.FewestSamples, nameof(MaxSamples));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxGroups, nameof(MaxGroups));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HorizonBytes, nameof(HorizonBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(HalfLife, nameof(HalfLife));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxReferencesPerSecond, nameof(MaxReferencesPerSecond));
    }
}
