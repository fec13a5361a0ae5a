namespace Larder.Cache.Fingerprints;

/// <summary>One part in which a recipe differs from an earlier one.</summary>
/// <param name="Name">The component's name; <c>format version</c> for <see cref="RecipeChange.FormatVersion"/>.</param>
/// <param name="Change">How it differs.</param>
/// <param name="Before">The earlier value, shortened so that the difference shows; null when it was added.</param>
/// <param name="After">The value now, shortened likewise; null when it was removed.</param>
public sealed record RecipeDifference(string Name, RecipeChange Change, string? Before, string? After)
{
    /// <summary>Returns one line for people.</summary>
    public override string ToString() => Change switch
    {
        RecipeChange.Added => $"{Name} was added: {After}",
        RecipeChange.Removed => $"{Name} was removed; it was {Before}",
        _ => $"{Name} changed from {Before} to {After}",
    };
}
