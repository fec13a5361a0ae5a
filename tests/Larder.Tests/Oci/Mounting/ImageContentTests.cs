using System.Text;
using Larder.Oci.Mounting;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Mounting;

public sealed class ImageContentTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Any_range_of_any_file_has_its_bytes_and_holes_are_zeros()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var large = new byte[300_000];
        random.NextBytes(large);
        var sparse = new byte[200_000];
        random.NextBytes(sparse.AsSpan(50_000, 1_000));
        random.NextBytes(sparse.AsSpan(120_000, 70_000));
        var layer = new TarBuilder()
            .File("large", large)
            .File("small", "a few bytes")
            .File("empty", string.Empty)
            .Sparse(TarMember.Of("sparse"), 10, sparse.Length, (50_000, sparse[50_000..51_000]), (120_000, sparse[120_000..190_000]))
            .ToArray();
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("x", layer);
        (string Path, byte[] Expected)[] files = [("large", large), ("small", "a few bytes"u8.ToArray()), ("empty", []), ("sparse", sparse)];

        for (var round = 0; round < 400; round++)
        {
            var (path, expected) = files[random.Next(files.Length)];
            var offset = random.Next(expected.Length + 10);
            var buffer = new byte[random.Next(1, 100_000)];
            var node = ImagePaths.Find(image.Tree, Encoding.UTF8.GetBytes(path));

            var read = await image.Content.ReadAsync(node, offset, buffer, default);

            Assert.True(expected.AsSpan(Math.Min(offset, expected.Length)) is var rest
                && rest[..Math.Min(rest.Length, buffer.Length)].SequenceEqual(buffer.AsSpan(0, read)), $"{path} at {offset}");
        }
    }

    [Fact]
    public async Task Objects_that_were_evicted_are_fetched_again_although_the_indexes_were_let_go()
    {
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("x", new TarBuilder().File("large", new byte[500_000]).ToArray());
        var cache = await fixture.CacheAsync();
        Assert.True(await cache.RemoveAsync(Larder.Oci.Layers.LayerKinds.KeyOf(image.Tree.Objects[0].Value)));
        GC.Collect();

        var read = await image.Content.ReadAsync(ImagePaths.Find(image.Tree, "large"u8), 499_990, new byte[100], default);

        Assert.Equal(10, read);
        Assert.Equal(1, image.Content.GetStatistics()[0].OpenedFromSource);
    }

    [Fact]
    public async Task Prefetching_brings_what_is_missing_and_only_that()
    {
        await using var fixture = new MountingFixture();
        var random = new byte[300_000];
        new Random(1).NextBytes(random);
        var image = await fixture.OpenAsync("x", new TarBuilder().File("a", random[..200_000]).File("b", random[100_000..]).File("s", "small").ToArray());
        var cache = await fixture.CacheAsync();
        var objects = ImagePrefetch.ObjectsOf(image.Tree, ImagePrefetch.FilesOf(image.Tree));
        await cache.RemoveAsync(Larder.Oci.Layers.LayerKinds.KeyOf(image.Tree.Objects[objects[0]].Value));

        var first = await ImagePrefetch.RunAsync(image.Content, objects);
        var second = await ImagePrefetch.RunAsync(image.Content, objects);

        Assert.Equal(3, objects.Count);
        Assert.Equal((1, 200_000L), first);
        Assert.Equal((0, 0L), second);
    }

    [Fact]
    public async Task What_was_recorded_is_found_for_the_next_version_of_the_image()
    {
        await using var fixture = new MountingFixture();
        var image = await fixture.OpenAsync("v1", new TarBuilder().File("d/a", "a").File("d/b", "b").ToArray());
        var recorder = new FileRecorder(image.Tree);
        recorder.Note(ImagePaths.Find(image.Tree, "d/b"u8));
        recorder.Note(ImagePaths.Find(image.Tree, "d/a"u8));
        recorder.Note(ImagePaths.Find(image.Tree, "d/b"u8));
        var cache = await fixture.CacheAsync();

        await RecordedFiles.SaveAsync(cache, image, "start", recorder);
        var next = await fixture.OpenAsync("v2", new TarBuilder().File("d/a", "other").ToArray());
        var found = await RecordedFiles.LoadAsync(cache, next.Image.Reference, "start");

        Assert.Equal(["/d/b", "/d/a"], found!.Select(Encoding.UTF8.GetString));
        Assert.Null(await RecordedFiles.LoadAsync(cache, next.Image.Reference, "other"));
    }

    [Fact]
    public async Task Files_are_recorded_once_however_many_threads_note_them()
    {
        await using var fixture = new MountingFixture();
        var layer = new TarBuilder();
        for (var file = 0; file < 200; file++)
        {
            layer.File($"f{file}", "x");
        }

        var image = await fixture.OpenAsync("x", layer.ToArray());
        var recorder = new FileRecorder(image.Tree);

        Parallel.For(0, 20_000, number => recorder.Note(2 + (number % 200)));

        Assert.Equal(Enumerable.Range(2, 200), recorder.Snapshot().Order());
    }

    [Fact]
    public async Task Node_numbers_are_the_same_for_the_same_layers_and_told_apart_for_others()
    {
        await using var fixture = new MountingFixture();
        byte[] layer = new TarBuilder().File("a", "a").File("b", "b").ToArray();

        var first = await fixture.OpenAsync("x", layer);
        var again = await fixture.OpenAsync("y", layer);
        var other = await fixture.OpenAsync("z", layer, new TarBuilder().File("c", "c").ToArray());

        Assert.Equal(first.GetNumbering(), again.GetNumbering());
        Assert.NotEqual(first.GetNumbering(), other.GetNumbering());
        var kept = KeptImage.Encode(first.GetNumbering(), "recipe"u8);
        Assert.True(KeptImage.TryDecode(kept, out var numbering, out var recipe));
        Assert.Equal(first.GetNumbering(), numbering);
        Assert.Equal("recipe"u8, recipe);
        Assert.False(KeptImage.TryDecode(kept.AsSpan(0, 39), out _, out _));
        Assert.False(KeptImage.TryDecode([], out _, out _));
    }
}
