namespace Larder.Cache.Fingerprints;

/// <summary>One named part of a recipe: an input, an option or a tool version that can change the bytes.</summary>
/// <param name="Name">The name, 1 to <see cref="Recipe.MaxNameBytes"/> bytes of UTF-8; unique in its recipe.</param>
/// <param name="Value">The value.</param>
public readonly record struct RecipeComponent(string Name, RecipeValue Value)
{
    /// <summary>Returns <c>name = value</c>, shortened.</summary>
    public override string ToString() => $"{Name} = {Value}";
}
