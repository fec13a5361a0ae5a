using System.Collections.Immutable;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

/// <summary>Files of every format version that was ever released are still read. Never change what is written here.</summary>
public sealed class TrailerTests
{
    private const string FramedVersion1 =
        "68656c6c6f4c52445254524c5201000000ca000000050000000000000067abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b78"
        + "51d456d88d203d15aaa4502cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b98240005184e6d24dc"
        + "08204bbc000000000000000100010000000600060003000000020000001f0000006672616d656474656e616e740102030a00"
        + "0a006d656469612d74797065746578742f706c61696e030000007461674cbb719a7da9c5bdca00000005000000000000004c"
        + "41524445527631";

    private const string RawMetadataVersion1 =
        "4c52445254524c5201000100c7000000050000000000000067abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d"
        + "203d15aaa4502cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b98240005184e6d24dc08204bbc00"
        + "0000000000000100010000000300060003000000020000001f00000072617774656e616e740102030a000a006d656469612d"
        + "74797065746578742f706c61696e030000007461674cbb719af3f68bb8c700000005000000000000004c41524445527631";

    private static readonly ArtifactMetadata Description = ArtifactWriter.AsWritten with
    {
        CreatedAt = new DateTimeOffset(2024, 2, 3, 4, 5, 6, TimeSpan.Zero),
        Cost = TimeSpan.FromMilliseconds(1234),
        Owner = "tenant",
        Recipe = new byte[] { 1, 2, 3 },
        Attributes = ImmutableSortedDictionary<string, string>.Empty.Add("media-type", "text/plain").Add("tag", ""),
    };

    [Theory]
    [InlineData(DiskForm.Framed)]
    [InlineData(DiskForm.Raw)]
    public async Task Files_of_version_1_are_read(DiskForm form)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync();
        var key = Key(KindOf(form), 1);
        Directory.CreateDirectory(Path.GetDirectoryName(directory.PathOf(key))!);
        if (form == DiskForm.Framed)
        {
            await File.WriteAllBytesAsync(
                directory.PathOf(key), Convert.FromHexString(FramedVersion1), TestContext.Current.CancellationToken);
        }
        else
        {
            await File.WriteAllBytesAsync(directory.PathOf(key), "hello"u8.ToArray(), TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(
                directory.PathOf(key) + ".meta", Convert.FromHexString(RawMetadataVersion1), TestContext.Current.CancellationToken);
        }

        using var lease = await tier.GetAsync(key, CancellationToken.None);

        Assert.True(lease.IsHit);
        Assert.Equal("hello"u8.ToArray(), ReadAll(lease.Content));
        Assert.Equal(Fingerprint.OfContent("hello"u8), lease.Metadata.Digest);
        Assert.Equal(Description.CreatedAt, lease.Metadata.CreatedAt);
        Assert.Equal(Description.Cost, lease.Metadata.Cost);
        Assert.Equal(Description.Owner, lease.Metadata.Owner);
        Assert.Equal(Description.Recipe.ToArray(), lease.Metadata.Recipe.ToArray());
        Assert.Equal(Description.Attributes, lease.Metadata.Attributes);
    }

    [Theory]
    [InlineData(DiskForm.Framed)]
    [InlineData(DiskForm.Raw)]
    public async Task What_is_written_is_version_1_byte_for_byte(DiskForm form)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync();
        var key = Key(KindOf(form), 1);

        await PutAsync(tier, key, "hello"u8.ToArray(), Description);

        var path = directory.PathOf(key) + (form == DiskForm.Raw ? ".meta" : "");
        var written = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(form == DiskForm.Raw ? RawMetadataVersion1 : FramedVersion1, Convert.ToHexStringLower(written));
    }

    [Fact]
    public void Metadata_beyond_its_limits_is_refused()
    {
        foreach (var metadata in (ArtifactMetadata[])
            [
                Description with { Owner = new string('o', Trailer.MaxOwnerBytes + 1) },
                Description with { Recipe = new byte[Trailer.MaxRecipeBytes + 1] },
                Description with { Attributes = Description.Attributes.Add("x", new string('x', ArtifactMetadata.MaxAttributeBytes)) },
                Description with
                {
                    Attributes = Enumerable.Range(0, 17).ToImmutableSortedDictionary(static i => $"a{i}", static _ => ""),
                },
            ])
        {
            Assert.Throws<ArgumentException>(() => Trailer.Measure(Framed, metadata, 5));
        }
    }
}
