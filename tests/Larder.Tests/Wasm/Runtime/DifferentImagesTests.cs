using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

/// <summary>Images that are kept as the pages in which they differ from another one.</summary>
public sealed unsafe class DifferentImagesTests
{
    private const int State = 10_000;
    private const ulong Page = MemoryRegion.PageBytes;

    // Too small to be mapped, copied, and so large that it is not asked which pages were written.
    public static TheoryData<string, ulong> ModesAndPages
    {
        get
        {
            var data = new TheoryData<string, ulong>();
            foreach (var mode in GuardTraps.IsAvailable ? (string[])["Guard", "Explicit"] : ["Explicit"])
            {
                foreach (var pages in (ulong[])[0, 1, 20, 100, 250])
                {
                    data.Add(mode, pages);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ModesAndPages))]
    public void Images_of_one_root_follow_each_other_in_any_order(string mode, ulong pages)
    {
        const int Seed = 99;
        var random = new Random(Seed);
        using var source = Create(mode, pages);
        Scribble(source, random, 2_000);
        var images = new List<(RegionSnapshot Image, byte[] Bytes)> { (source.Snapshot(), Copy(source)) };
        using var stranger = Create(mode, pages);
        Scribble(stranger, random, 500);
        images.Add((stranger.Snapshot(), Copy(stranger)));
        for (var number = 0; number < 8; number++)
        {
            // Some lie nearer to the root than others, and one does not differ at all.
            var related = images.Where(entry => entry.Image.Root == images[0].Image).ToList();
            source.Restore(number == 0 ? images[0].Image : related[random.Next(related.Count)].Image);
            Scribble(source, random, number == 0 ? 0 : 1 << number);
            images.Add((source.Snapshot(basis: images[0].Image), Copy(source)));
        }

        using var region = Create(mode, pages);
        RegionSnapshot? present = null;
        for (var round = 0; round < 300; round++)
        {
            var (image, bytes) = images[random.Next(images.Count)];
            region.Restore(image, present);
            Assert.True(bytes.AsSpan().SequenceEqual(Copy(region)), $"round {round}, seed {Seed}");
            present = random.Next(3) == 0 ? image : null;
            if (present is not null)
            {
                continue;
            }

            Scribble(region, random, random.Next(3) == 0 ? 1_500 : 5);
            if (random.Next(4) == 0)
            {
                region.Grow((ulong)random.Next(20));
            }

            if (random.Next(6) == 0)
            {
                using var made = MemoryRegion.Create(Enum.Parse<MemoryMode>(mode), image, 400);
                Assert.True(bytes.AsSpan().SequenceEqual(Copy(made)), $"round {round}, seed {Seed}, made");
            }
        }

        images.ForEach(static entry => entry.Image.Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public void Only_pages_that_differ_are_kept(int restores)
    {
        using var source = Create("Explicit", 100);
        Scribble(source, new Random(1), 100);
        using var root = source.Snapshot();

        // After a few restores it is mapped, and the kernel says which pages can differ.
        for (var restore = 0; restore < restores; restore++)
        {
            source.Restore(root);
        }

        source.Base[3 * 4096]++;
        source.Base[77 * 4096]++;
        source.Base[77 * 4096]++;
        source.Base[200 * 4096]++;
        source.Base[200 * 4096]--;
        using var different = source.Snapshot(root);

        Assert.Equal(2ul * (ulong)Environment.SystemPageSize, different.OwnBytes);
        Assert.Same(root, different.Root);
    }

    [Fact]
    public void An_image_of_another_length_or_of_other_pages_is_whole()
    {
        using var source = Create("Explicit", 100);
        using var root = source.Snapshot();
        source.Grow(1);
        using var longer = source.Snapshot(root);
        source.Restore(root);
        new Span<byte>(source.Base, (int)(60 * Page)).Fill(1);
        using var other = source.Snapshot(root);

        Assert.Same(longer, longer.Root);
        Assert.Same(other, other.Root);
        Assert.Equal(other.TotalBytes, other.OwnBytes);
    }

    [Fact]
    public void Without_its_root_an_image_is_refused()
    {
        using var source = Create("Explicit", 100);
        var root = source.Snapshot();
        source.Base[5]++;
        using var different = source.Snapshot(root);
        source.Restore(different);

        root.Dispose();

        Assert.Throws<ObjectDisposedException>(() => source.Restore(different));
        Assert.Throws<ObjectDisposedException>(() => source.Snapshot(different));
        Assert.Equal(1, source.Base[5]);
    }

    private static MemoryRegion Create(string mode, ulong pages) =>
        MemoryRegion.Create(Enum.Parse<MemoryMode>(mode), State, pages, 400);

    private static void Scribble(MemoryRegion region, Random random, int bytes)
    {
        var length = (long)(region.StateBytes + region.ByteLength) - 8;
        for (var count = 0; count < bytes; count++)
        {
            // The word in front of the memory is its length.
            var at = random.NextInt64(length) - (long)region.StateBytes;
            region.Base[at >= -8 ? at + 8 : at] = (byte)random.Next(256);
        }
    }

    private static byte[] Copy(MemoryRegion region) =>
        new ReadOnlySpan<byte>(region.Base - region.StateBytes, (int)(region.StateBytes + region.ByteLength)).ToArray();
}
