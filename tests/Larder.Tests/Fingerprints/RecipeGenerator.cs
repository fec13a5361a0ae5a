using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Fingerprints;

/// <summary>Draws recipes out of a small, nasty alphabet, so that near collisions are common.</summary>
internal sealed class RecipeGenerator(int seed)
{
    // Prefixes of each other, normalisation pairs, other planes, controls and nothing.
    private static readonly string[] Texts =
        ["", "a", "b", "aa", "ab", "a\0", "\0a", "1", "true", "é", "e\u0301", "ß", "ss", "😀", "\u200b", "a,b", "a\nb"];

    private static readonly string[] Names = ["a", "b", "aa", "ab", "a\0b", "é", "e\u0301", "compiler", "compiler-version"];

    private readonly Random _random = new(seed);

    public Recipe Next()
    {
        var builder = Recipe.For(ArtifactKind.Parse(Pick(["k", "kk", "handler"])), (uint)_random.Next(3));
        foreach (var name in Names.Where(_ => _random.Next(3) == 0))
        {
            builder.Add(name, NextValue());
        }

        return builder.Build();
    }

    public RecipeValue NextValue() => _random.Next(3) switch
    {
        0 => RecipeValue.OfList(NextScalars()),
        1 => RecipeValue.OfSet(NextScalars()),
        _ => NextScalar(),
    };

    public Recipe Change(Recipe recipe)
    {
        var builder = Recipe.For(recipe.Kind, recipe.FormatVersion);
        var victim = _random.Next(recipe.Components.Length);
        for (var i = 0; i < recipe.Components.Length; i++)
        {
            var (name, value) = recipe.Components[i];
            var changed = value;
            while (i == victim && changed == value)
            {
                changed = NextValue();
            }

            builder.Add(name, changed);
        }

        return builder.Build();
    }

    public T Pick<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    private RecipeValue[] NextScalars() => [.. Enumerable.Range(0, _random.Next(4)).Select(_ => NextScalar())];

    private RecipeValue NextScalar() => _random.Next(5) switch
    {
        0 => RecipeValue.Of(System.Text.Encoding.UTF8.GetBytes(Pick(Texts))),
        1 => RecipeValue.Of(_random.Next(-2, 3)),
        2 => RecipeValue.Of(_random.Next(2) == 0),
        3 => RecipeValue.Of(Fingerprint.OfContent([(byte)_random.Next(3)])),
        _ => RecipeValue.Of(Pick(Texts)),
    };
}
