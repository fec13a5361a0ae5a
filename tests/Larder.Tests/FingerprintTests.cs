namespace Larder.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void Nothing_has_the_published_digest() => Assert.Equal(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        Larder.Cache.Fingerprints.Fingerprint.OfNothing.ToString());
}
