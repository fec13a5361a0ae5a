using System.Text;
using Larder.Oci;
using Larder.Oci.Registry;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Registry;

/// <summary>Who is let in, with what, and that nobody else sees it.</summary>
public sealed class RegistryAccessTests : RegistryTest
{
    private static readonly RegistryCredential Ada = new() { User = "ada", Password = "secret" };

    [Fact]
    public async Task Nobody_in_particular_gets_a_token_once()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        Registry.Scheme = "bearer";
        var source = Open();

        var image = await source.ResolveAsync(Reference(), null, default);
        await ReadAsync(source, image.Layers[0].Blob);

        Assert.Equal(1, Registry.TokensGiven);
        Assert.Contains(Registry.Requests, static seen =>
            seen.Path.StartsWith("/token?service=fake&scope=repository%3Aapp%3Apull", StringComparison.Ordinal) && seen.Authorization is null);
    }

    [Theory]
    [InlineData("basic")]
    [InlineData("bearer")]
    public async Task Given_credentials_are_used(string scheme)
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        (Registry.Scheme, Registry.Account) = (scheme, "ada:secret");

        await Open(options: Options with { Credential = Ada }).ResolveAsync(Reference(), null, default);

        // A password is shown to the token server, and to nobody else.
        Assert.All(Registry.Requests, seen => Assert.True(
            seen.Authorization?.StartsWith("Basic", StringComparison.Ordinal) != true
            || scheme == "basic" || seen.Path.StartsWith("/token", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("basic")]
    [InlineData("bearer")]
    public async Task Wrong_and_missing_credentials_say_what_to_do(string scheme)
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        (Registry.Scheme, Registry.Account) = (scheme, "ada:secret");

        var none = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));
        var wrong = await Assert.ThrowsAsync<OciException>(async () =>
            await Open(options: Options with { Credential = Ada with { Password = "hunter2" } }).ResolveAsync(Reference(), null, default));

        Assert.Equal(OciErrorKind.Unauthorized, none.Kind);
        Assert.Equal(OciErrorKind.Unauthorized, wrong.Kind);
        Assert.Contains($"docker login {Registry.Host}", none.Message, StringComparison.Ordinal);
        Assert.Contains("--username", none.Message, StringComparison.Ordinal);
        Assert.Contains("docker login", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", wrong.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_token_that_is_not_taken_any_more_is_renewed_in_the_middle_of_a_pull(int status)
    {
        await Registry.AddAsync("app", "v1", [Layer, OddLayers.All[0]], LayerForm.Plain);
        (Registry.Scheme, Registry.StatusOfOldTokens) = ("bearer", status);
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);

        await ReadAsync(source, image.Layers[0].Blob);
        Registry.ForgetTokens();
        var second = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ReadAsync(source, image.Layers[1].Blob)));

        Assert.All(second, static blob => Assert.Equal(OddLayers.All[0], blob));
        Assert.Equal(2, Registry.TokensGiven);
    }

    [Fact]
    public async Task A_token_that_is_about_to_expire_is_not_sent()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        (Registry.Scheme, Registry.TokenLifetimeSeconds) = ("bearer", 1);
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);
        var before = Registry.TokensGiven;

        await Task.Delay(1000);
        Registry.ForgetTokens();
        var refusals = Registry.Requests.Count(static seen => seen.Authorization?.StartsWith("Bearer", StringComparison.Ordinal) == true);
        await ReadAsync(source, image.Layers[0].Blob);

        Assert.Equal(before + 1, Registry.TokensGiven);
        Assert.Equal(refusals + 1, Registry.Requests.Count(static seen => seen.Authorization?.StartsWith("Bearer", StringComparison.Ordinal) == true));
    }

    [Fact]
    public async Task A_registry_that_lets_nobody_in_is_not_asked_for_ever()
    {
        Registry.Scheme = "bearer";
        Registry.StatusOfOldTokens = 403;
        var given = 0;
        Registry.Interfere = context =>
        {
            if (context.Request.Path == "/token")
            {
                given++;
                Registry.ForgetTokens();
                return Task.FromResult(false);
            }

            // Whatever token comes, it is not enough.
            context.Response.StatusCode = context.Request.Headers.Authorization.Count == 0 ? 401 : 403;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"{Registry.Url}/token\"";
            return Task.FromResult(true);
        };

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Equal(OciErrorKind.Unauthorized, failure.Kind);
        Assert.InRange(given, 1, 2);
    }

    [Fact]
    public async Task An_identity_token_is_exchanged()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        (Registry.Scheme, Registry.IdentityToken) = ("bearer", "identity");
        await WriteConfigAsync($$$$"""{"auths":{"{{{{Registry.Host}}}}":{"identitytoken":"identity"}}}""");

        await Open().ResolveAsync(Reference(), null, default);

        Assert.Contains(Registry.Requests, static seen =>
            seen is { Method: "POST", Path: "/token" } && seen.Form!.Contains("grant_type=refresh_token", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("HOST", "\"auth\":\"YWRhOnNlY3JldA==\"")]
    [InlineData("http://HOST/v1/", "\"username\":\"ada\",\"password\":\"secret\"")]
    public async Task Dockers_file_is_understood(string key, string entry)
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        (Registry.Scheme, Registry.Account) = ("basic", "ada:secret");
        var server = key.Replace("HOST", Registry.Host, StringComparison.Ordinal);
        await WriteConfigAsync("{\"auths\":{\"other.example\":{\"auth\":\"eDp5\"},\"" + server + "\":{" + entry + "}},\"psFormat\":\"x\"}");

        await Open().ResolveAsync(Reference(), null, default);
    }

    [Fact]
    public async Task Dockers_file_that_is_damaged_is_named()
    {
        (Registry.Scheme, Registry.Account) = ("basic", "ada:secret");
        await WriteConfigAsync("{\"auths\":");

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Equal(OciErrorKind.Configuration, failure.Kind);
        Assert.Contains("config.json", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_to_another_server_takes_no_credentials_along()
    {
        await using var storage = await FakeRegistry.StartAsync();
        await storage.AddAsync("x", "y", [Layer], LayerForm.Plain);
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        (Registry.Scheme, Registry.Account) = ("basic", "ada:secret");
        var source = Open(options: Options with { Credential = Ada });
        var image = await source.ResolveAsync(Reference(), null, default);
        Registry.Interfere = context =>
        {
            if (context.Request.Path.Value!.Contains("/blobs/", StringComparison.Ordinal))
            {
                context.Response.StatusCode = 307;
                context.Response.Headers.Location = $"{storage.Url}/storage/{image.Layers[0].Blob.Digest}?signature=x";
                return Task.FromResult(true);
            }

            return Task.FromResult(false);
        };

        var blob = await ReadAsync(source, image.Layers[0].Blob);

        Assert.Equal(Layer, blob);
        Assert.NotEmpty(storage.Requests);
        Assert.All(storage.Requests, static seen => Assert.Null(seen.Authorization));
    }

    [Fact]
    public async Task A_redirect_that_has_expired_is_asked_for_anew()
    {
        await using var storage = await FakeRegistry.StartAsync();
        await storage.AddAsync("x", "y", [Layer], LayerForm.Plain);
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);
        var refusals = 1;
        storage.Interfere = context => FakeRegistry.RefuseAsync(context, refusals-- > 0, 403);
        Registry.Interfere = context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = $"{storage.Url}/storage/{image.Layers[0].Blob.Digest}";
            return Task.FromResult(true);
        };

        Assert.Equal(Layer, await ReadAsync(source, image.Layers[0].Blob));
        Assert.Equal(2, Registry.Count("GET", image.Layers[0].Blob.Digest.Hex));
    }

    [Theory]
    [InlineData("file:///etc/passwd", "no http or https")]
    [InlineData("http://user:pass@127.0.0.1:1/x", "user")]
    [InlineData("/v2/app/manifests/v1", "more than")]
    public async Task A_redirect_to_where_nobody_should_go_is_refused(string location, string reason)
    {
        Registry.Interfere = context =>
        {
            context.Response.StatusCode = 301;
            context.Response.Headers.Location = location;
            return Task.FromResult(true);
        };

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Equal(OciErrorKind.Protocol, failure.Kind);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer realm=\"ftp://x/\"", OciErrorKind.Protocol)]
    [InlineData("Bearer service=\"x\"", OciErrorKind.Protocol)]
    [InlineData("Negotiate", OciErrorKind.Unauthorized)]
    [InlineData(null, OciErrorKind.Unauthorized)]
    public async Task A_challenge_that_makes_no_sense_is_refused(string? challenge, OciErrorKind kind)
    {
        Registry.Interfere = context =>
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = challenge;
            return Task.FromResult(true);
        };

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Equal(kind, failure.Kind);
    }

    [Theory]
    [InlineData("""realm="https://a/t",service="b c",scope="repository:x:pull,push",error="invalid" """, "https://a/t|b c|repository:x:pull,push")]
    [InlineData("""realm=https://a/t , service=b""", "https://a/t|b|")]
    [InlineData("""service="quo\"te",realm="r" """, "r|quo\"te|")]
    [InlineData("""realm="unclosed""", "unclosed||")]
    [InlineData("", "||")]
    public void Parameters_of_a_challenge_are_taken_apart(string text, string expected)
    {
        var found = AuthenticateChallenge.Parameters(text);

        Assert.Equal(expected, $"{found.GetValueOrDefault("realm")}|{found.GetValueOrDefault("service")}|{found.GetValueOrDefault("scope")}");
    }

    private Task WriteConfigAsync(string text) => File.WriteAllTextAsync(Folder["config.json"], text, Encoding.UTF8);
}
