namespace Larder.Cache.Sizing;

/// <summary>How a cache watches its own traffic, so that it can say what another capacity would bring.</summary>
public sealed record SizingOptions
{
    /// <summary>Most keys that are followed in each tier, at least 64; each takes about 100 bytes. Default 16,384.</summary>
    public int MaxSamples { get; init; } = 16 * 1024;

    /// <summary>Most kinds that are told apart in each tier; the others are counted together. Default 32.</summary>
    public int MaxKinds { get; init; } = 32;

    /// <summary>Up to how many times its capacity a tier is looked at. Default 16.</summary>
    public int HorizonFactor { get; init; } = 16;

    /// <summary>Lookups of followed keys a second above which fewer are followed; 0 sets no limit. Default 20,000.</summary>
    public int MaxReferencesPerSecond { get; init; } = 20_000;

    /// <summary>
    /// Lookups of followed keys after which what was seen before counts half; 0 never forgets. Default 131,072.
    /// </summary>
    public long HalfLife { get; init; } = 128 * 1024;

    internal void Validate()
    {
        Require(MaxSamples >= ReuseSampler.FewestSamples, $"{nameof(MaxSamples)} must be at least {ReuseSampler.FewestSamples}");
        Require(MaxKinds > 0, $"{nameof(MaxKinds)} must be at least 1");
        Require(HorizonFactor > 0, $"{nameof(HorizonFactor)} must be at least 1");
        Require(MaxReferencesPerSecond >= 0, $"{nameof(MaxReferencesPerSecond)} must not be negative");
        Require(HalfLife >= 0, $"{nameof(HalfLife)} must not be negative");
    }

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new CacheException(CacheErrorKind.Configuration, $"Sizing: {sentence}.");
        }
    }
}
