using Larder.Oci;

namespace Larder.Tests.Oci.Registry;

/// <summary>Helpers that keep credentials for Docker: those that do, and those that fail, hang or babble.</summary>
public sealed class CredentialHelperTests : RegistryTest
{
    [Theory]
    [InlineData("credsStore")]
    [InlineData("credHelpers")]
    public async Task A_helper_is_asked(string setting)
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        (Registry.Scheme, Registry.Account) = ("basic", "ada:secret");
        using var helper = await HelperAsync("read server; echo \"{\\\"ServerURL\\\":\\\"$server\\\",\\\"Username\\\":\\\"ada\\\",\\\"Secret\\\":\\\"secret\\\"}\"");
        await ConfigureAsync(helper.Name, setting);

        await Open().ResolveAsync(Reference(), null, default);
    }

    [Fact]
    public async Task A_token_from_a_helper_is_exchanged()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        (Registry.Scheme, Registry.IdentityToken) = ("bearer", "from-helper");
        using var helper = await HelperAsync("echo '{\"Username\":\"<token>\",\"Secret\":\"from-helper\"}'");
        await ConfigureAsync(helper.Name);

        await Open().ResolveAsync(Reference(), null, default);
    }

    [Fact]
    public async Task A_helper_that_has_nothing_is_nobody_in_particular()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        Registry.Scheme = "bearer";
        using var helper = await HelperAsync("echo credentials not found in native keychain; exit 1");
        await ConfigureAsync(helper.Name);

        await Open().ResolveAsync(Reference(), null, default);
    }

    [Theory]
    [InlineData("echo cannot open the keyring >&2; exit 3", "cannot open the keyring")]
    [InlineData("echo '{\"Secret\":'", "no credential")]
    [InlineData("echo '{}'", "no credential")]
    [InlineData("head -c 1000000 /dev/zero", "no credential")]
    public async Task A_helper_that_fails_is_named(string script, string reason)
    {
        Registry.Scheme = "bearer";
        using var helper = await HelperAsync(script);
        await ConfigureAsync(helper.Name);

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Equal(OciErrorKind.Unauthorized, failure.Kind);
        Assert.Contains($"docker-credential-{helper.Name}", failure.Message, StringComparison.Ordinal);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_helper_that_hangs_is_ended()
    {
        Registry.Scheme = "bearer";
        using var helper = await HelperAsync("sleep 600");
        await ConfigureAsync(helper.Name);
        var options = Options with { HelperTimeout = TimeSpan.FromMilliseconds(500) };

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open(options: options).ResolveAsync(Reference(), null, default));

        Assert.Contains("did not answer within", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("is-nowhere", "cannot be started")]
    [InlineData("../../bin/sh", "not the name")]
    public async Task A_helper_that_cannot_be_is_named(string name, string reason)
    {
        Registry.Scheme = "bearer";
        await ConfigureAsync(name);

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    private static async Task<Helper> HelperAsync(string script)
    {
        var helper = new Helper($"larder-test-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(helper.Path, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(helper.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return helper;
    }

    private Task ConfigureAsync(string name, string setting = "credsStore") => File.WriteAllTextAsync(
        Folder["config.json"],
        setting == "credsStore" ? $"{{\"credsStore\":\"{name}\"}}" : $"{{\"credHelpers\":{{\"{Registry.Host}\":\"{name}\"}}}}");

    /// <summary>A program where programs are looked for.</summary>
    private sealed class Helper : IDisposable
    {
        private static readonly string Directory = MakeDirectory();

        public Helper(string name) => (Name, Path) = (name, System.IO.Path.Combine(Directory, $"docker-credential-{name}"));

        public string Name { get; }

        public string Path { get; }

        public void Dispose() => File.Delete(Path);

        private static string MakeDirectory()
        {
            var directory = System.IO.Directory.CreateTempSubdirectory("larder-helpers-").FullName;
            Environment.SetEnvironmentVariable("PATH", $"{Environment.GetEnvironmentVariable("PATH")}:{directory}");
            AppDomain.CurrentDomain.ProcessExit += (_, _) => System.IO.Directory.Delete(directory, recursive: true);
            return directory;
        }
    }
}
