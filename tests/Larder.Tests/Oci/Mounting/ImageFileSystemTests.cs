using System.Runtime.InteropServices;
using System.Text;
using Larder.Fuse;
using Larder.Fuse.Wire;
using Larder.Oci.Layers;
using Larder.Oci.Merging;
using Larder.Oci.Mounting;
using Larder.Tests.Fuse;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Mounting;

/// <summary>What a kernel is answered about an image.</summary>
public sealed class ImageFileSystemTests
{
    private static readonly byte[] Large = [.. Enumerable.Range(0, 300_000).Select(static i => (byte)((i * 7) ^ (i >> 9)))];

    private static byte[] Layer() => new TarBuilder()
        .Directory("d/")
        .File("d/large", Large)
        .File("d/small", "small", 0x9ED)
        .HardLink("d/again", "d/small")
        .Symlink("link", "d/small")
        .CharacterDevice("null", 1, 3)
        .Add(TarMember.Of("x") with { Xattrs = [("security.capability", [1, 2]), ("user.a", "value"u8.ToArray())] })
        .ToArray();

    [Fact]
    public async Task Names_lead_to_rows_of_the_tree_with_their_attributes()
    {
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("x", Layer());
        await using var kernel = FakeKernel.Greeted(new ImageFileSystem(image.Content));

        var directory = kernel.Lookup(ImageTree.Root, "d").Ok<EntryOut>();
        var small = kernel.Lookup(directory.Node, "small").Ok<EntryOut>();
        var again = kernel.Lookup(directory.Node, "again").Ok<EntryOut>();
        var device = kernel.Lookup(ImageTree.Root, "null").Ok<EntryOut>();

        Assert.Equal(FuseAttributes.Directory | 0x1EDu, directory.Attributes.Mode);
        Assert.Equal((FuseAttributes.RegularFile | 0x9EDu, 5ul, 2u), (small.Attributes.Mode, small.Attributes.Size, small.Attributes.LinkCount));
        Assert.Equal(small.Node, again.Node);
        Assert.Equal(FuseAttributes.EncodeDevice(1, 3), device.Attributes.Device);
        Assert.Equal(0ul, kernel.Lookup(directory.Node, "absent").Ok<EntryOut>().Node);
        Assert.Equal("d/small"u8.ToArray(), kernel.Call(FuseOpcode.ReadLink, kernel.Lookup(1, "link").Ok<EntryOut>().Node).Data());
        kernel.AssertQuiet();
    }

    [Fact]
    public async Task Numbers_that_are_no_nodes_are_refused()
    {
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("x", Layer());
        await using var kernel = FakeKernel.Greeted(new ImageFileSystem(image.Content));

        foreach (var node in (ulong[])[0, (ulong)image.Tree.NodeCount + 1, ulong.MaxValue, 1ul << 32])
        {
            Assert.NotEqual(0, kernel.Lookup(node, "d").Error);
            Assert.NotEqual(0, kernel.Call(FuseOpcode.GetAttributes, node, new byte[16]).Error);
            Assert.NotEqual(0, kernel.Read(node, 0, 4096).Error);
            Assert.NotEqual(0, kernel.Call(FuseOpcode.ReadDirectory, node, FakeKernel.Bytes(new ReadIn { Size = 4096 })).Error);
            Assert.NotEqual(0, kernel.Call(FuseOpcode.Open, node, FakeKernel.Bytes(default(OpenIn))).Error);
        }

        Assert.NotEqual(0, kernel.Read(1, 0, 4096).Error);
        Assert.NotEqual(0, kernel.Call(FuseOpcode.ReadLink, 1).Error);
    }

    [Fact]
    public async Task Bytes_are_answered_at_once_when_they_are_at_hand_and_later_when_they_have_to_be_fetched()
    {
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("x", Layer());
        var cache = await fixture.CacheAsync();
        await using var kernel = FakeKernel.Greeted(new ImageFileSystem(image.Content));
        var node = (ulong)ImagePaths.Find(image.Tree, "d/large"u8);
        foreach (var item in image.Tree.Objects.ToArray())
        {
            await cache.RemoveAsync(LayerKinds.KeyOf(item.Value));
        }

        var fetched = kernel.Read(node, 100, 4096).Data();
        await Task.Delay(100); // The proof of a file that was written a moment ago is not relied upon.
        kernel.Read(node, 0, 4096).Data(); // Proven on the disk, where it is since the first read.
        var before = kernel.Session.GetStatistics().Deferred;
        var atHand = kernel.Read(node, 299_000, 4096).Data();
        var after = kernel.Session.GetStatistics().Deferred;

        Assert.Equal(Large[100..4196], fetched);
        Assert.Equal(Large[299_000..], atHand);
        Assert.Equal(before, after);
        Assert.Empty(kernel.Read(node, 300_000, 4096).Data());
    }

    [Fact]
    public async Task A_file_whose_layer_is_gone_fails_and_the_others_go_on()
    {
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("x", Layer());
        var cache = await fixture.CacheAsync();
        await using var kernel = FakeKernel.Greeted(new ImageFileSystem(image.Content));
        var large = ImagePaths.Find(image.Tree, "d/large"u8);
        var small = ImagePaths.Find(image.Tree, "d/small"u8);
        Assert.Equal("small"u8.ToArray(), kernel.Read((ulong)small, 0, 100).Data());
        await cache.RemoveAsync(LayerKinds.KeyOf(image.Tree.Objects[image.Tree.GetExtents(large)[0].Object].Value));
        fixture.LoseBlobs();

        Assert.Equal(FuseErrno.InputOutput, kernel.Read((ulong)large, 0, 100).Errno);
        Assert.Equal("small"u8.ToArray(), kernel.Read((ulong)small, 0, 100).Data());
    }

    [Fact]
    public async Task Attributes_are_listed_and_read()
    {
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("x", Layer());
        await using var kernel = FakeKernel.Greeted(new ImageFileSystem(image.Content));
        var node = kernel.Lookup(1, "x").Ok<EntryOut>().Node;

        var list = kernel.Call(FuseOpcode.ListExtendedAttributes, node, Size(1_000)).Data();
        var value = kernel.Call(FuseOpcode.GetExtendedAttribute, node, [.. Size(100), .. "user.a\0"u8]).Data();
        var missing = kernel.Call(FuseOpcode.GetExtendedAttribute, node, [.. Size(100), .. "user.b\0"u8]);

        Assert.Equal("security.capability\0user.a\0", Encoding.UTF8.GetString(list));
        Assert.Equal("value"u8.ToArray(), value);
        Assert.Equal(FuseErrno.NoData, missing.Errno);

        static byte[] Size(uint size) => FakeKernel.Bytes(new SizeAndPadding { Size = size });
    }

    [Fact]
    public async Task A_listing_goes_on_where_it_stopped()
    {
        await using var fixture = new MountingFixture();
        var layer = new TarBuilder();
        for (var file = 0; file < 3_000; file++)
        {
            layer.File($"f{file:D5}", string.Empty);
        }

        var image = await fixture.OpenAsync("x", layer.ToArray());
        await using var kernel = FakeKernel.Greeted(new ImageFileSystem(image.Content));
        var names = new List<string>();
        for (ulong offset = 0; ;)
        {
            var data = kernel.Call(FuseOpcode.ReadDirectory, 1, FakeKernel.Bytes(new ReadIn { Offset = offset, Size = 4096 })).Data();
            if (data.Length == 0)
            {
                break;
            }

            for (var at = 0; at < data.Length;)
            {
                var entry = MemoryMarshal.Read<DirectoryEntry>(data.AsSpan(at));
                names.Add(Encoding.UTF8.GetString(data, at + 24, (int)entry.NameLength));
                offset = entry.NextOffset;
                at += (24 + (int)entry.NameLength + 7) & ~7;
            }
        }

        Assert.Equal([".", "..", .. Enumerable.Range(0, 3_000).Select(static file => $"f{file:D5}")], names);
        Assert.Empty(kernel.Call(FuseOpcode.ReadDirectory, 1, FakeKernel.Bytes(new ReadIn { Offset = ulong.MaxValue, Size = 4096 })).Data());
    }
}
