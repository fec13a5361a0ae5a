using Larder.Handlers.Capabilities;

namespace Larder.Tests.Handlers.Capabilities;

public sealed class CapabilitySetTests
{
    [Fact]
    public void Tokens_are_sorted_and_each_once() => Assert.Equal(
        ["ext:http", "state:read:a", "state:read:b"], CapabilitySet.Parse(["state:read:b", "ext:http", "state:read:a", "ext:http"]).Tokens);

    [Fact]
    public void A_name_is_compared_as_it_is()
    {
        var set = CapabilitySet.Parse(["state:read:count", "events:emit:system:error", "view:update:a:b:*", "ext:http"]);

        Assert.True(set.CanRead("count"));
        Assert.False(set.CanRead("Count"));
        Assert.False(set.CanRead("counter"));
        Assert.False(set.CanWrite("count"));
        Assert.True(set.CanEmit("system:error"));
        Assert.False(set.CanEmit("system"));
        Assert.True(set.CanUpdateView("a:b:*"));
        Assert.False(set.CanUpdateView("a:b:c"));
        Assert.True(set.CanCall("http"));
        Assert.False(set.CanReadAll || set.CanUpdateAll || set.HasRandom || set.HasTime);
    }

    [Fact]
    public void A_wildcard_covers_its_family_and_no_other()
    {
        var set = CapabilitySet.Parse(["state:read:*", "view:update:*"]);

        Assert.True(set.CanRead("any") && set.CanReadAll && set.CanUpdateView("any") && set.CanUpdateAll);
        Assert.False(set.CanWrite("any") || set.CanEmit("any") || set.CanCall("any"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("state")]
    [InlineData("state:read")]
    [InlineData("state:read:")]
    [InlineData("state:delete:x")]
    [InlineData("ext:")]
    [InlineData("Ext:http")]
    [InlineData("crypto:all")]
    [InlineData("crypto:random:x")]
    [InlineData(" state:read:x")]
    [InlineData("*")]
    public void What_is_no_token_is_refused_and_named(string token)
    {
        var refused = Assert.Throws<FormatException>(() => CapabilitySet.Parse(["ext:http", token]));

        Assert.Contains($"'{token}'", refused.Message, StringComparison.Ordinal);
        Assert.False(CapabilitySet.TryParse([token], out _, out _));
    }

    [Fact]
    public void All_is_all()
    {
        Assert.True(CapabilitySet.All.HasRandom && CapabilitySet.All.HasTime && CapabilitySet.All.CanCall("x"));
        Assert.Empty(CapabilitySet.None.Tokens);
        Assert.Same(CapabilitySet.None, CapabilitySet.Parse([]));
    }
}
