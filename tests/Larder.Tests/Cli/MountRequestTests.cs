using System.Reflection;
using System.Text.Json;
using Larder.Cli;
using Larder.Cli.Images;

namespace Larder.Tests.Cli;

/// <summary>A request for a mount, as it is handed to the processes of the mount.</summary>
public sealed class MountRequestTests
{
    private static readonly MountRequest Least = new() { Reference = "r", MountPoint = "/m", Settings = new ImageSettings { CacheDirectory = "/c" } };

    private static readonly MountRequest Most = new()
    {
        Reference = "docker.io/library/app:1",
        MountPoint = "/mnt/\"quoted\" and ü",
        Passthrough = false,
        WritableDirectory = "/var/tmp/changes",
        Record = "start",
        ReadDeadline = TimeSpan.FromSeconds(7.5),
        ReportsLines = true,
        Settings = new ImageSettings
        {
            CacheDirectory = "/var/cache/layers",
            SharesCache = true,
            CapacityBytes = 123_456_789_012,
            Remote = "redis://host",
            Platform = "linux/arm64",
            PlainHttp = true,
            CaFile = "/etc/ca.pem",
            Mirrors = ["docker.io=https://one", "docker.io=https://two"],
        },
    };

    [Fact]
    public void Every_member_comes_back_as_it_was_written()
    {
        foreach (var request in new[] { Least, Most })
        {
            var read = MountRequest.Decode(request.Encode());

            Assert.Equal(request.Settings.Mirrors, read.Settings.Mirrors);
            Assert.Equal(
                request with { Settings = request.Settings with { Mirrors = [] } },
                read with { Settings = read.Settings with { Mirrors = [] } });
        }
    }

    // A member that is added to the request and not to this test would be lost without anybody's notice.
    [Fact]
    public void The_test_sets_every_member_to_something_else_than_its_default()
    {
        foreach (var (most, least) in new (object, object)[] { (Most, Least), (Most.Settings, Least.Settings) })
        {
            foreach (var member in most.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(static member => member.CanWrite && member.Name != nameof(ImageSettings.Credential)))
            {
                Assert.False(Equals(member.GetValue(most), member.GetValue(least)), member.Name);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"reference\":1}")]
    public void What_is_no_request_is_refused(string text) => Assert.Throws<CommandException>(() => MountRequest.Decode(text));

    [Fact]
    public void The_password_of_the_command_line_is_not_written_down()
    {
        var request = Most with { Settings = Most.Settings with { Credential = new() { User = "somebody", Password = "secret" } } };

        Assert.DoesNotContain("secret", request.Encode(), StringComparison.Ordinal);
        Assert.NotNull(JsonDocument.Parse(request.Encode()));
    }
}
