using System.Text;
using Larder.Oci;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;
using Larder.Tests.Oci.Indexes;

namespace Larder.Tests.Oci.Merging;

public sealed class ImageTreeTests
{
    private static ImageTree Merge(params LayerDraft[] layers) => ImageTree.Merge([.. layers.Select(static layer => layer.Build())]);

    [Fact]
    public void An_image_without_layers_is_an_empty_root()
    {
        var tree = ImageTree.Merge([]);

        Assert.Equal(1, tree.NodeCount);
        Assert.Equal(0, tree.GetEntryCount(ImageTree.Root));
        Assert.Equal(0b111_101_101, tree.GetNode(ImageTree.Root).Mode);
        Assert.Equal(2u, tree.GetNode(ImageTree.Root).LinkCount);
    }

    [Fact]
    public void A_whiteout_hides_what_lower_layers_have_and_a_missing_one_does_no_harm()
    {
        var tree = Merge(
            new LayerDraft().Directory("d").File("d/a").File("d/b").File("c"),
            new LayerDraft().File("d/.wh.a").File(".wh.c").File(".wh.never").File("x/y/.wh.z"));

        Assert.Equal("/d /d/b", TreeText.Paths(tree));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_whiteout_leaves_what_its_own_layer_brings_in_either_order(bool whiteoutFirst)
    {
        var upper = new LayerDraft();
        _ = whiteoutFirst ? upper.File(".wh.d").Directory("d").File("d/new") : upper.Directory("d").File("d/new").File(".wh.d");

        Assert.Equal("/d /d/new", TreeText.Paths(Merge(new LayerDraft().Directory("d").File("d/old"), upper)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_opaque_directory_hides_lower_children_in_either_order(bool markerFirst)
    {
        var upper = new LayerDraft();
        _ = markerFirst
            ? upper.File("d/.wh..wh..opq").File("d/new").Directory("d/sub").File("d/sub/x")
            : upper.File("d/new").Directory("d/sub").File("d/sub/x").File("d/.wh..wh..opq");

        var tree = Merge(new LayerDraft().Directory("d").File("d/old").Directory("d/sub").File("d/sub/old"), upper);

        Assert.Equal("/d /d/new /d/sub /d/sub/x", TreeText.Paths(tree));
    }

    [Fact]
    public void What_was_hidden_may_come_back_and_starts_empty()
    {
        var tree = Merge(
            new LayerDraft().Directory("d").File("d/a"),
            new LayerDraft().File(".wh.d"),
            new LayerDraft().Directory("d").File("d/b"));

        Assert.Equal("/d /d/b", TreeText.Paths(tree));
    }

    [Fact]
    public void A_whiteout_is_known_by_its_name_whatever_its_type()
    {
        var tree = Merge(
            new LayerDraft().File("a").File("b").File("c").File("kept"),
            new LayerDraft().Link(".wh.a", "kept").Symlink(".wh.b", "nowhere").Device(".wh.c", 0, 0));

        Assert.Equal("/kept", TreeText.Paths(tree));
    }

    [Fact]
    public void Reserved_names_are_never_files()
    {
        var tree = Merge(new LayerDraft().Directory(".wh..wh.plnk").File(".wh..wh.plnk/1.2").File(".wh..wh.aufs").File(".wh.").File("a"));

        Assert.Equal("/a", TreeText.Paths(tree));
    }

    [Fact]
    public void The_first_layer_may_hold_whiteouts()
    {
        Assert.Equal("/a", TreeText.Paths(Merge(new LayerDraft().File(".wh.x").File(".wh..wh..opq").File("a"))));
    }

    [Fact]
    public void Another_type_drops_what_was_below()
    {
        var tree = Merge(
            new LayerDraft().Directory("d").File("d/a").File("f").Symlink("s", "d"),
            new LayerDraft().File("d").Directory("f").Directory("s"),
            new LayerDraft().Directory("d"));

        Assert.Equal("/d /f /s", TreeText.Paths(tree));
        Assert.Equal(LayerEntryType.Directory, tree.GetNode(tree.Node("s")).Type);
        Assert.Equal(LayerEntryType.Directory, tree.GetNode(tree.Node("d")).Type);
    }

    [Fact]
    public void A_directory_over_a_directory_takes_the_new_attributes()
    {
        var old = new LayerXattr([.. "user.old"u8], [1]);
        var tree = Merge(new LayerDraft().Directory("d", xattrs: old).File("d/a"), new LayerDraft().Directory("d", 0b1_111_111_111, 7, -3));

        var node = tree.GetNode(tree.Node("d"));
        Assert.Equal((0b1_111_111_111, 7u, -3L), (node.Mode, node.UserId, node.ModifiedSeconds));
        Assert.Empty(tree.GetXattrs(tree.Node("d")));
        Assert.Equal("/d /d/a", TreeText.Paths(tree));
    }

    [Fact]
    public void The_later_entry_of_an_archive_wins()
    {
        var tree = Merge(new LayerDraft().File("a", "one").File("a", "three").Directory("b").File("b/x").File("b"));

        Assert.Equal("/a /b", TreeText.Paths(tree));
        Assert.Equal(5, tree.GetNode(tree.Node("a")).Size);
        Assert.Equal(LayerEntryType.File, tree.GetNode(tree.Node("b")).Type);
    }

    [Fact]
    public void Missing_parents_are_directories_of_root()
    {
        var tree = Merge(new LayerDraft().File("a/b/c"));

        var node = tree.GetNode(tree.Node("a/b"));
        Assert.Equal((LayerEntryType.Directory, 0b111_101_101, 0u, -1), (node.Type, node.Mode, node.UserId, node.Layer));
        Assert.Equal("/a /a/b /a/b/c", TreeText.Paths(tree));
    }

    [Theory]
    [InlineData("usr/lib")]
    [InlineData("/usr/lib")]
    [InlineData("../../usr/lib")]
    [InlineData("./usr//x/../lib/.")]
    [InlineData("first")]
    public void Parents_are_found_through_links_inside_the_root(string target)
    {
        var lower = new LayerDraft().Directory("usr").Directory("usr/x").Directory("usr/lib").File("usr/lib/old")
            .Symlink("first", "/usr/second").Symlink("usr/second", "lib").Symlink("lib", target);

        var tree = Merge(lower, new LayerDraft().File("lib/new").File("lib/.wh.old"));

        Assert.Equal("/first /lib /usr /usr/lib /usr/lib/new /usr/second /usr/x", TreeText.Paths(tree));
    }

    [Fact]
    public void A_link_that_leads_nowhere_leads_to_what_is_made_there()
    {
        var tree = Merge(new LayerDraft().Symlink("lib", "gone/../usr/lib"), new LayerDraft().File("lib/a"));

        Assert.Equal("/lib /usr /usr/lib /usr/lib/a", TreeText.Paths(tree));
    }

    [Fact]
    public void The_last_part_of_a_path_is_never_followed()
    {
        var tree = Merge(new LayerDraft().File("target", "1").Symlink("s", "target"), new LayerDraft().File("s", "22"));

        Assert.Equal(1, tree.GetNode(tree.Node("target")).Size);
        Assert.Equal(2, tree.GetNode(tree.Node("s")).Size);
    }

    [Fact]
    public void Names_above_the_root_and_absolute_ones_stay_inside()
    {
        var tree = Merge(new LayerDraft().File("../../etc/a").File("/etc/b").File("./etc/./c").File("etc/x/../d").Link("../../e", "/../etc/a"));

        Assert.Equal("/e /etc /etc/a /etc/b /etc/c /etc/d", TreeText.Paths(tree));
        Assert.Equal(tree.Node("e"), tree.Node("etc/a"));
    }

    [Fact]
    public void Hard_links_share_a_node_across_layers_and_keep_it_when_a_name_is_replaced()
    {
        var tree = Merge(
            new LayerDraft().File("a", "old").Symlink("s", "a"),
            new LayerDraft().Link("b", "a").Link("t", "s"),
            new LayerDraft().File("a", "newer").File(".wh.s"));

        Assert.Equal((3L, 1u), (tree.GetNode(tree.Node("b")).Size, tree.GetNode(tree.Node("b")).LinkCount));
        Assert.Equal(5, tree.GetNode(tree.Node("a")).Size);
        Assert.Equal(LayerEntryType.Symlink, tree.GetNode(tree.Node("t")).Type);
        Assert.Equal("a", Encoding.Latin1.GetString(tree.GetTarget(tree.Node("t"))));
    }

    [Fact]
    public void A_hard_link_means_what_its_target_was_when_it_came()
    {
        var tree = Merge(new LayerDraft().File("a", "1").Link("b", "a").File("a", "22").Link("c", "a").Link("d", "b"));

        Assert.Equal(tree.Node("b"), tree.Node("d"));
        Assert.Equal(tree.Node("a"), tree.Node("c"));
        Assert.Equal((1L, 2L), (tree.GetNode(tree.Node("d")).Size, tree.GetNode(tree.Node("c")).Size));
        Assert.Equal(2u, tree.GetNode(tree.Node("a")).LinkCount);
    }

    [Fact]
    public void A_hard_link_that_a_whiteout_follows_keeps_the_lower_file()
    {
        var tree = Merge(new LayerDraft().File("a", "1"), new LayerDraft().Link("b", "a").File(".wh.a"));

        Assert.Equal("/b", TreeText.Paths(tree));
        Assert.Equal(1u, tree.GetNode(tree.Node("b")).LinkCount);
    }

    [Fact]
    public void A_hard_link_finds_its_target_through_links_but_is_not_one()
    {
        var tree = Merge(new LayerDraft().File("usr/lib/a", "1").Symlink("lib", "usr/lib"), new LayerDraft().Link("b", "lib/a"));

        Assert.Equal(tree.Node("usr/lib/a"), tree.Node("b"));
    }

    [Fact]
    public void An_archive_that_lists_a_file_twice_as_a_link_to_itself_is_that_file()
    {
        var tree = Merge(new LayerDraft().File("a", "1").Link("a", "a"));

        Assert.Equal((1L, 1u), (tree.GetNode(tree.Node("a")).Size, tree.GetNode(tree.Node("a")).LinkCount));
    }

    [Fact]
    public void What_no_file_system_could_hold_is_refused_in_words()
    {
        AssertRefused("leads to 'gone'", new LayerDraft().Link("a", "gone"));
        AssertRefused("not a file", new LayerDraft().Directory("d").Link("a", "d"));
        AssertRefused("no directory", new LayerDraft().File("f").File("f/a"));
        AssertRefused("in circles", new LayerDraft().Symlink("x", "y").Symlink("y", "x").File("x/a"));
        AssertRefused("in circles", new LayerDraft().Symlink("x", "x/x").File("x/a"));
        AssertRefused("root directory", new LayerDraft().File("/"));
        AssertRefused("longer than", new LayerDraft().File(new string('n', 256)));
        AssertRefused("too long", new LayerDraft().File(new string('n', 256) + "/a"));
        AssertRefused("replaces the directory", new LayerDraft().Directory("d").File("d/a").Link("d", "d/a"));
    }

    [Fact]
    public void Names_and_depths_up_to_the_limits_are_held()
    {
        var deep = string.Join('/', Enumerable.Repeat("d", 2_000));
        var tree = Merge(new LayerDraft().File(new string('n', 255), "x").File(deep, "x"));

        Assert.Equal(1, tree.GetNode(tree.Node(new string('n', 255))).Size);
        Assert.Equal(1, tree.GetNode(tree.Node(deep)).Size);
    }

    [Fact]
    public void Directories_deeper_than_any_path_are_refused()
    {
        var deep = string.Join('/', Enumerable.Repeat("d", 2_000));

        AssertRefused("too deep", new LayerDraft().Directory(deep).Symlink("l", deep).File("l/" + deep + "/x"));
    }

    [Fact]
    public void Attributes_and_devices_survive()
    {
        var capability = new LayerXattr([.. "security.capability"u8], [1, 2, 3]);
        var tree = Merge(new LayerDraft().File("ping", "x", 0b100_111_101_101, -1, capability).Device("dev/x", 4_095, 1_048_575).Fifo("p"));

        var ping = tree.GetNode(tree.Node("ping"));
        Assert.Equal((0b100_111_101_101, -1L), (ping.Mode, ping.ModifiedSeconds));
        Assert.Equal([1, 2, 3], Assert.Single(tree.GetXattrs(tree.Node("ping"))).Value);
        Assert.Equal((4_095u, 1_048_575u), (tree.GetNode(tree.Node("dev/x")).DeviceMajor, tree.GetNode(tree.Node("dev/x")).DeviceMinor));
        Assert.Equal(LayerEntryType.Fifo, tree.GetNode(tree.Node("p")).Type);
    }

    [Fact]
    public void The_same_content_in_two_layers_is_one_object()
    {
        var tree = Merge(new LayerDraft().File("a", "same").File("x", "other"), new LayerDraft().File("b", "same"));

        Assert.Equal(2, tree.Objects.Length);
        Assert.Equal(tree.GetExtents(tree.Node("a"))[0].Object, tree.GetExtents(tree.Node("b"))[0].Object);
    }

    [Fact]
    public void Many_whiteouts_of_a_large_directory_take_linear_time()
    {
        var lower = new LayerDraft().Directory("d");
        var upper = new LayerDraft().Directory("d");
        for (var file = 0; file < 30_000; file++)
        {
            lower.File($"d/{file}");
            upper.File($"d/{file}");
        }

        for (var marker = 0; marker < 30_000; marker++)
        {
            upper.File("d/.wh..wh..opq");
        }

        // Quadratic work would take hours of looking at names; the test's own limit is what would end it.
        Assert.Equal(30_000, Merge(lower, upper).GetEntryCount(2));
    }

    private static void AssertRefused(string words, LayerDraft layer)
    {
        var error = Assert.Throws<OciException>(() => Merge(layer));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }
}
