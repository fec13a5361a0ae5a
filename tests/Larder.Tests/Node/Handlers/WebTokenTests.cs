using System.Text;
using Larder.Node.Security;

namespace Larder.Tests.Node.Handlers;

public sealed class WebTokenTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    public static TheoryData<string> Wrong => new(
        "",
        ".",
        "..",
        "a.b.c",
        WebTokens.Sign("{}") + "x",
        WebTokens.Sign("{}")[..^1],
        WebTokens.Sign("{}", secret: "another-secret-of-some-length"),
        WebTokens.Sign("{}", header: """{"alg":"none"}"""),
        WebTokens.Sign("{}", header: """{"alg":"HS512"}"""),
        WebTokens.Sign("{}", header: """{"alg":"hs256"}"""),
        WebTokens.Sign("{}", header: """{"typ":"JWT"}"""),
        WebTokens.Sign("{}", header: """{"alg":["HS256"]}"""),
        WebTokens.Sign("{}", header: """{"alg":"HS256","crit":["exp"]}"""),
        WebTokens.Sign("{}", header: """{"alg":"none","alg":"HS256"}"""),
        WebTokens.Sign("{}", header: "not json"),
        WebTokens.Sign("[]"),
        WebTokens.Sign("not json"),
        WebTokens.Sign("""{"exp":"1900000000"}"""),
        WebTokens.Sign("""{"exp":null}"""),
        WebTokens.Sign("""{"exp":1799999970}"""),
        WebTokens.Sign("""{"exp":1}"""),
        WebTokens.Sign("""{"exp":1900000000,"exp":1}"""),
        WebTokens.Sign("""{"nbf":1800000031}"""),
        WebTokens.Sign("""{"sub":5}"""),
        WebTokens.Sign("""{"workspace_id":""}"""),
        WebTokens.Sign("""{"permissions":"panel:read"}"""),
        $"{WebTokens.Encode(WebTokens.Header)}.{WebTokens.Encode("{}")}.",
        WebTokens.Sign($$"""{"sub":"{{new string('x', 9000)}}"}"""));

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_token_with_anything_wrong_is_nobodys(string text) => Assert.Null(Verify(text));

    [Fact]
    public void A_changed_claim_breaks_the_signature()
    {
        var parts = WebTokens.Sign("""{"permissions":[]}""").Split('.');

        Assert.NotNull(Verify(string.Join('.', parts)));
        Assert.Null(Verify($"{parts[0]}.{WebTokens.Encode("""{"permissions":["panel:read"]}""")}.{parts[2]}"));
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"exp":1800000001}""")]
    [InlineData("""{"exp":1799999971}""")]
    [InlineData("""{"exp":1800000000.5,"nbf":1800000030}""")]
    [InlineData("""{"nbf":1}""")]
    [InlineData("""{"iss":"someone","aud":"anyone"}""")]
    public void Times_are_kept_with_some_leeway(string claims) =>
        Assert.Equal(AccessRights.Read | AccessRights.Write | AccessRights.Execute, Verify(WebTokens.Sign(claims))?.Rights);

    [Fact]
    public void Permissions_that_are_there_are_the_only_ones()
    {
        var token = Verify(WebTokens.Sign("""{"sub":"ann","workspace_id":"w1","permissions":["panel:read","panel:execute","other:thing",5]}"""));

        Assert.Equal(new WebToken("ann", "w1", AccessRights.Read | AccessRights.Execute), token);
        Assert.Equal(AccessRights.None, Verify(WebTokens.Sign("""{"permissions":[]}"""))?.Rights);
    }

    private static WebToken? Verify(string text) => WebToken.Verify(text, Encoding.UTF8.GetBytes(WebTokens.Secret), Now);
}
