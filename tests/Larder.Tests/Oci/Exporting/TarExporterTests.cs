using System.Text;
using Larder.Oci.Exporting;
using Larder.Oci.Mounting;
using Larder.Tests.Oci.Compression;
using Larder.Tests.Oci.Mounting;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Exporting;

/// <summary>What is exported is read again. That other programs read it likewise is judged end to end.</summary>
public sealed class TarExporterTests
{
    [Fact]
    public async Task Holes_stay_holes_and_all_bytes_are_the_same()
    {
        var longName = new string('n', 200);
        var (random, mixed, ends) = (InflaterTests.Random(1, 90_000), new byte[3_000_000], new byte[1_000_000]);
        random.CopyTo(mixed, 1_000_000);
        random.AsSpan(0, 513).CopyTo(mixed.AsSpan(2_500_001));
        random.AsSpan(0, 7).CopyTo(ends);
        Dictionary<string, byte[]> files = new()
        {
            ["mixed"] = mixed, ["hole"] = new byte[5_000_000], ["d/" + longName] = ends, ["whole"] = random, ["tiny"] = new byte[600],
        };
        var layer = new TarBuilder()
            .Directory("d/")
            .Sparse(TarMember.Of("mixed"), 10, mixed.Length, (1_000_000, random), (2_500_001, random[..513]))
            .Sparse(TarMember.Of("hole"), 10, 5_000_000)
            .Sparse(TarMember.Of("d/" + longName), 10, ends.Length, (0, random[..7]))
            .Sparse(TarMember.Of("tiny"), 10, 600)
            .File("whole", random)
            .ToArray();
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("first", layer);
        using var exported = new MemoryStream();

        await TarExporter.WriteAsync(image, exported);
        var again = await fixture.OpenAsync("second", exported.ToArray());

        Assert.InRange(exported.Length, 2 * random.Length, (2 * random.Length) + 30_000);
        foreach (var (path, content) in files)
        {
            var node = ImagePaths.Find(again.Tree, Encoding.UTF8.GetBytes(path));
            var bytes = new byte[content.Length + 1];
            Assert.Equal(content.Length, await again.Content.ReadAsync(node, 0, bytes, default));
            Assert.True(content.AsSpan().SequenceEqual(bytes.AsSpan(0, content.Length)), $"{path} holds other bytes.");
        }

        Assert.Equal(0, again.Tree.GetNode(ImagePaths.Find(again.Tree, "hole"u8)).StoredBytes);
    }
}
