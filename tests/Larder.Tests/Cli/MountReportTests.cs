using System.Text;
using System.Text.Json;
using Larder.Cli.Images;
using Larder.Oci.Mounting;

namespace Larder.Tests.Cli;

/// <summary>What the process of a mount tells the command that waits for it.</summary>
public sealed class MountReportTests
{
    private static readonly MountStatus Status = new()
    {
        MountPoint = "/mnt/ü \"x\" <y>",
        Reference = "docker.io/library/app:1",
        ProcessId = 7,
        Since = DateTimeOffset.UnixEpoch.AddMilliseconds(1.5),
        CacheDirectory = "/c",
        Layers = [new LayerFigures { DiffId = "sha256:x", Reads = 3 }],
    };

    [Fact]
    public void A_report_comes_back_as_it_was_written()
    {
        var report = new MountReport("failed", "a \"reason\"\nin two lines", 3, 5, 4);

        var line = Encoding.UTF8.GetString(report.Encode());

        Assert.Equal('\n', line[^1]);
        Assert.DoesNotContain('\n', line[..^1]);
        Assert.Equal(report, MountReport.Decode(line));
    }

    [Fact]
    public void The_mount_is_shown_as_the_serializer_would()
    {
        var report = new MountReport("ready", "line", Status: JsonSerializer.SerializeToUtf8Bytes(Status, ImageJson.Default.MountStatus));

        var read = MountReport.Decode(Encoding.UTF8.GetString(report.Encode()))!;

        Assert.Equal(JsonSerializer.Serialize(Status, ImageJson.Indented.MountStatus), read.IndentStatus());
        Assert.Equal(Status.MountPoint, read.ReadStatus().MountPoint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("working")]
    [InlineData("{\"state\":\"ready\"}")]
    [InlineData("[]")]
    public void What_is_no_report_is_none(string line) => Assert.Null(MountReport.Decode(line));
}
