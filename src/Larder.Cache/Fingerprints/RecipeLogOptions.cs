namespace Larder.Cache.Fingerprints;

/// <summary>How much a <see cref="RecipeLog"/> remembers.</summary>
public sealed record RecipeLogOptions
{
    /// <summary>
    /// Most bytes that recipes take together with their bookkeeping. Default 8 MiB; 0 switches the log off.
    /// </summary>
    public long CapacityBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Most recipes of one kind, which bounds what an explanation costs. Default 2048; range 1 to 65,536.
    /// </summary>
    public int MaxRecipesPerKind { get; init; } = 2048;

    /// <summary>Throws when an option is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(CapacityBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxRecipesPerKind);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxRecipesPerKind, 65_536);
    }
}
