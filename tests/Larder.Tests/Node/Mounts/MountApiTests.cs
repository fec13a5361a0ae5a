using System.Text;
using System.Text.Json;
using Larder.Node.Mounts;
using Larder.Node.Security;
using Larder.Tests.Oci.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Node.Mounts;

/// <summary>What <c>/v1/mounts</c> refuses, and who may ask for it. Real mounts are in the end-to-end tests.</summary>
public sealed class MountApiTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_node_without_a_root_lists_nothing_and_mounts_nothing()
    {
        await using var node = await TestNode.StartAsync();

        var list = await node.GetAsync("/v1/mounts");
        var mount = await PostAsync(node, "/tmp/x");

        Assert.Equal("""{"mounts":[]}""", Encoding.UTF8.GetString(list.Body));
        Assert.Equal(503, mount.Status);
        Assert.Contains("mounts.root", Encoding.UTF8.GetString(mount.Body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/x")]
    [InlineData("../beside")]
    [InlineData("a/../../x")]
    [InlineData("a/./x")]
    [InlineData("ROOT")]
    [InlineData("ROOT/")]
    [InlineData("ROOT-beside/x")]
    [InlineData("link/x")]
    [InlineData("link")]
    [InlineData("dangling")]
    [InlineData("file/x")]
    public async Task Nothing_is_mounted_outside_of_the_root_or_through_a_link(string path)
    {
        Directory.CreateDirectory(_folder["root"]);
        Directory.CreateDirectory(_folder["elsewhere"]);
        Directory.CreateSymbolicLink(_folder["root/link"], _folder["elsewhere"]);
        Directory.CreateSymbolicLink(_folder["root/dangling"], _folder["nowhere"]);
        await File.WriteAllTextAsync(_folder["root/file"], "x");
        await using var node = await StartAsync();

        var mount = await PostAsync(node, path.Replace("ROOT", _folder["root"], StringComparison.Ordinal));
        var unmount = await node.DeleteAsync("/v1/mounts?path=" + Uri.EscapeDataString(path.Replace("ROOT", _folder["root"], StringComparison.Ordinal)));

        Assert.Equal((403, "PATH_NOT_ALLOWED"), (mount.Status, Code(mount)));
        Assert.Equal((403, "PATH_NOT_ALLOWED"), (unmount.Status, Code(unmount)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["elsewhere"]));
    }

    [Theory]
    [InlineData("""{"path":"x"}""")]
    [InlineData("""{"reference":"debian:12"}""")]
    [InlineData("""{"reference":"not an image","path":"x"}""")]
    [InlineData("""{"reference":"oci:relative/layout:app","path":"x"}""")]
    [InlineData("""{"reference":"debian:12","path":""}""")]
    [InlineData("""{"reference":"debian:12","path":"x","platform":"nothing at all"}""")]
    [InlineData("""{"reference":"debian:12","path":"x","options":{"readDeadlineSeconds":0}}""")]
    [InlineData("""{"reference":"debian:12","path":"x","options":7}""")]
    public async Task What_is_asked_wrongly_is_answered_with_a_sentence(string body)
    {
        await using var node = await StartAsync();

        var answer = await node.PostAsync("/v1/mounts", Encoding.UTF8.GetBytes(body));

        Assert.Equal(400, answer.Status);
        Assert.False(Directory.Exists(_folder["root/x"]));
    }

    [Fact]
    public async Task Listing_needs_the_right_to_read_and_mounting_that_to_write_in_admin()
    {
        await using var node = await TestNode.StartAsync(options => options with
        {
            Mounts = options.Mounts with { Root = _folder["root"] },
            Tokens = [AccessToken.Parse("reader-secret;admin=r"), AccessToken.Parse("writer-secret;admin=rw"), AccessToken.Parse("other-secret;ccache=rw")],
        });

        Assert.Equal(401, (await node.GetAsync("/v1/mounts")).Status);
        Assert.Equal(403, (await node.GetAsync("/v1/mounts", Bearer("other-secret"))).Status);
        Assert.Equal(200, (await node.GetAsync("/v1/mounts", Bearer("reader-secret"))).Status);
        Assert.Equal(401, (await PostAsync(node, "x")).Status);
        Assert.Equal(403, (await PostAsync(node, "x", Bearer("reader-secret"))).Status);
        Assert.Equal(403, (await node.SendAsync(HttpMethod.Delete, "/v1/mounts?path=x", null, Bearer("reader-secret"))).Status);

        // May, but this program cannot.
        Assert.Equal(503, (await PostAsync(node, "x", Bearer("writer-secret"))).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[{\"reference\":")]
    [InlineData("{\"mounts\":7}")]
    public async Task A_node_starts_over_a_state_that_cannot_be_read(string state)
    {
        await File.WriteAllTextAsync(_folder[".mounts.json"], state);
        await using var service = new MountService(
            new MountServiceOptions { Root = _folder["root"] }, _folder.Path, TimeProvider.System, NullLogger.Instance);
        service.Start();

        Assert.Empty(service.Report().Mounts);
    }

    [Fact]
    public async Task Mounts_outside_of_a_root_that_was_changed_are_not_made_again()
    {
        await File.WriteAllTextAsync(_folder[".mounts.json"], $$"""[{"reference":"debian:12","path":"{{_folder["old/x"]}}"},{"reference":"oci:/nowhere:x","path":"{{_folder["root/x"]}}"}]""");
        await using var service = new MountService(
            new MountServiceOptions { Root = _folder["root"] }, _folder.Path, TimeProvider.System, NullLogger.Instance);
        service.Start();

        var mount = Assert.Single(service.Report().Mounts);
        Assert.Equal((_folder["root/x"], "node"), (mount.Path, mount.HeldBy));
        Assert.False(Directory.Exists(_folder["old"]));
    }

    private static (string Name, string Value) Bearer(string secret) => ("Authorization", "Bearer " + secret);

    private static string Code(RawAnswer answer) =>
        JsonDocument.Parse(answer.Body).RootElement.GetProperty("error").GetProperty("code").GetString()!;

    private static Task<RawAnswer> PostAsync(TestNode node, string path, params (string Name, string Value)[] headers) => node.PostAsync(
        "/v1/mounts", Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { reference = "debian:12", path })), headers);

    private Task<TestNode> StartAsync() =>
        TestNode.StartAsync(options => options with { Mounts = options.Mounts with { Root = _folder["root"] } });
}
