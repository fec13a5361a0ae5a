using System.Text;
using Larder.Oci.Merging;
using Larder.Oci.Mounting;
using Larder.Tests.Oci.Indexes;
using Larder.Tests.Oci.Merging;

namespace Larder.Tests.Oci.Mounting;

public sealed class ImagePathsTests
{
    private static readonly ImageTree Tree = ImageTree.Merge([
        new LayerDraft()
            .File("usr/lib/a", "a")
            .Symlink("lib", "usr/lib")
            .Symlink("usr/up", "../../../usr")
            .Symlink("usr/abs", "/lib/a")
            .Symlink("loop", "loop")
            .Symlink("nowhere", "gone")
            .Build(),
    ]);

    [Theory]
    [InlineData("usr/lib/a", "/usr/lib/a")]
    [InlineData("/usr//lib/./a", "/usr/lib/a")]
    [InlineData("lib/a", "/usr/lib/a")]
    [InlineData("lib", "/usr/lib")]
    [InlineData("lib/../abs", "/usr/lib/a")]
    [InlineData("usr/up/lib/a", "/usr/lib/a")]
    [InlineData("../../usr", "/usr")]
    [InlineData("", "/")]
    [InlineData("/", "/")]
    public void A_path_leads_where_a_process_with_the_image_as_its_root_would_come(string path, string expected)
    {
        var node = ImagePaths.Find(Tree, Encoding.UTF8.GetBytes(path));

        Assert.NotEqual(0, node);
        Assert.Equal(expected, ImagePaths.Show(Tree, node));
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("loop")]
    [InlineData("nowhere")]
    [InlineData("usr/lib/a/b")]
    [InlineData("usr/lib/a/../a")]
    public void A_path_that_leads_nowhere_is_no_node(string path) =>
        Assert.Equal(0, ImagePaths.Find(Tree, Encoding.UTF8.GetBytes(path)));

    [Fact]
    public void The_last_link_can_be_looked_at_itself()
    {
        var node = ImagePaths.Find(Tree, "usr/abs"u8, followsLast: false);

        Assert.Equal(Tree.Node("usr/abs"), node);
    }
}
