using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Hosting;

namespace Larder.Tests.Hosting;

public sealed class StringKeysTests
{
    private static readonly ArtifactKind Kind = ArtifactKind.Parse("strings");

    private readonly StringKeys _keys = new(Kind);

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("user:42/é😀\n")]
    public void A_key_is_the_fingerprint_of_its_recipe(string text) =>
        Assert.Equal(Recipe.For(Kind, 1).Add("key", text).Build().Key, _keys.KeyOf(text));

    [Fact]
    public void Keys_of_every_length_are_those_of_their_recipes()
    {
        foreach (var length in new[] { 100, 150, 160, 170, 500, 511, 5_000, Recipe.MaxValueBytes - 1, Recipe.MaxValueBytes })
        {
            var text = new string('x', length);
            Assert.Equal(Recipe.For(Kind, 1).Add("key", text).Build().Key, _keys.KeyOf(text));
        }
    }

    [Fact]
    public void Keys_longer_than_a_recipe_takes_are_named_by_their_digest_and_still_differ()
    {
        var text = new string('x', Recipe.MaxValueBytes + 1);

        Assert.Equal(_keys.KeyOf(text), _keys.KeyOf(text));
        Assert.NotEqual(_keys.KeyOf(text), _keys.KeyOf(text + "x"));
        Assert.Equal(
            Recipe.For(Kind, 1).AddDigestOf("key", System.Text.Encoding.UTF8.GetBytes(text)).Build().Key, _keys.KeyOf(text));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused() => Assert.Throws<ArgumentException>(() => _keys.KeyOf("a\ud800"));
}
