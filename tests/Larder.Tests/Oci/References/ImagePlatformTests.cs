using Larder.Oci;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Tests.Oci.References;

public sealed class ImagePlatformTests
{
    [Theory]
    [InlineData("linux/amd64", "linux/amd64")]
    [InlineData("linux/x86_64", "linux/amd64")]
    [InlineData("Linux/AMD64/v1", "linux/amd64")]
    [InlineData("linux/aarch64", "linux/arm64")]
    [InlineData("linux/arm64/v8", "linux/arm64")]
    [InlineData("linux/armhf", "linux/arm/v7")]
    [InlineData("linux/i686", "linux/386")]
    [InlineData("linux/amd64/v3", "linux/amd64/v3")]
    public void A_platform_has_one_form(string text, string form) => Assert.Equal(form, ImagePlatform.Parse(text).ToString());

    [Theory]
    [InlineData("linux")]
    [InlineData("linux/")]
    [InlineData("linux/amd64/v1/x")]
    [InlineData("linux/am d64")]
    [InlineData("")]
    public void What_is_no_platform_is_refused(string text) =>
        Assert.Equal(OciErrorKind.InvalidReference, Assert.Throws<OciException>(() => ImagePlatform.Parse(text)).Kind);

    [Theory]
    [InlineData("linux/amd64", "linux/arm64,linux/amd64", "linux/amd64")]
    [InlineData("linux/amd64", "linux/386,windows/amd64,linux/arm64", null)]
    [InlineData("linux/amd64", "linux/amd64/v3,linux/amd64/v2", null)]
    [InlineData("linux/amd64/v3", "linux/amd64,linux/amd64/v2,linux/amd64/v4", "linux/amd64/v2")]
    [InlineData("linux/arm/v7", "linux/arm/v5,linux/arm/v6,linux/arm64", "linux/arm/v6")]
    [InlineData("linux/arm/v7", "linux/arm/v6,linux/arm/v7", "linux/arm/v7")]
    [InlineData("linux/arm/v6", "linux/arm/v7", null)]
    [InlineData("linux/arm64", "linux/arm/v7,linux/arm64/v8", "linux/arm64")]
    [InlineData("linux/amd64", "unknown/unknown", null)]
    [InlineData("linux/riscv64", "linux/riscv64", "linux/riscv64")]
    public void The_best_that_runs_is_chosen(string wanted, string offered, string? chosen)
    {
        var index = new ImageIndex
        {
            MediaType = MediaTypes.OciIndex,
            Manifests = [.. offered.Split(',').Select(static (platform, number) => Entry(number, ImagePlatform.Parse(platform)))],
        };

        Assert.Equal(chosen, PlatformChoice.Choose(index, ImagePlatform.Parse(wanted))?.Platform?.ToString());
    }

    [Fact]
    public void An_only_image_that_does_not_say_what_it_runs_on_is_taken()
    {
        var one = new ImageIndex { MediaType = MediaTypes.OciIndex, Manifests = [Entry(0, null)] };
        var two = one with { Manifests = [Entry(0, null), Entry(1, null)] };

        Assert.NotNull(PlatformChoice.Choose(one, ImagePlatform.Current));
        Assert.Null(PlatformChoice.Choose(two, ImagePlatform.Current));
    }

    private static Descriptor Entry(int number, ImagePlatform? platform) => new()
    {
        MediaType = MediaTypes.OciManifest,
        Digest = OciDigest.Of([(byte)number]),
        Size = 1,
        Platform = platform,
    };
}
