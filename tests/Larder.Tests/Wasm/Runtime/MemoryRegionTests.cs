using Larder.Wasm;
using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

public sealed unsafe class MemoryRegionTests
{
    private const int State = 10_000;
    private const ulong Page = MemoryRegion.PageBytes;

    public static TheoryData<string> Modes => GuardTraps.IsAvailable ? new(["Guard", "Explicit"]) : new(["Explicit"]);

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_new_region_is_zero_aligned_and_says_its_length(string mode)
    {
        using var region = Create(mode, 3, 10);

        Assert.Equal(0, (nint)region.Base % (nint)Page);
        Assert.Equal(3 * Page, region.ByteLength);
        Assert.Equal(3 * Page, LengthWord(region));
        Assert.Equal(0ul, region.StateBytes % (ulong)Environment.SystemPageSize);
        Assert.True(region.StateBytes >= State);
        Assert.True(IsZero(region.Base - region.StateBytes, region.StateBytes - 8));
        Assert.True(IsZero(region.Base, region.ByteLength));
        Fill(region, 0xAA);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Growth_adds_zeros_and_stops_at_the_maximum(string mode)
    {
        using var region = Create(mode, 1, 4);
        Fill(region, 1);

        Assert.Equal(1, region.Grow(0));
        Assert.Equal(1, region.Grow(2));
        Assert.Equal(3 * Page, LengthWord(region));
        Assert.True(IsZero(region.Base + Page, 2 * Page));
        Assert.Equal(1, region.Base[Page - 1]);
        Assert.Equal(-1, region.Grow(2));
        Assert.Equal(-1, region.Grow(ulong.MaxValue));
        Assert.Equal(-1, region.Grow(1ul << 48));
        Assert.Equal(3 * Page, region.ByteLength);
        Assert.Equal(3, region.Grow(1));
        Assert.Equal(-1, region.Grow(1));
        Assert.Equal(4 * Page, LengthWord(region));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_region_without_memory_has_state(string mode)
    {
        using var region = Create(mode, 0, 0);

        new Span<byte>(region.Base - region.StateBytes, (int)region.StateBytes - 8).Fill(7);
        Assert.Equal(0ul, LengthWord(region));
        Assert.Equal(-1, region.Grow(1));
        Assert.Equal(0, region.Grow(0));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_region_that_takes_over_used_pages_sees_zeros(string mode)
    {
        for (var round = 0; round < 50; round++)
        {
            var length = (ulong)(1 + (round % 7 * 11));
            using var region = Create(mode, length, 100);
            Assert.True(IsZero(region.Base - region.StateBytes, region.StateBytes - 8));
            Assert.True(IsZero(region.Base, region.ByteLength));
            Fill(region, 0xCC);
            region.Grow(20);
            Assert.True(IsZero(region.Base + (length * Page), 20 * Page));
            Fill(region, 0xDD);
        }
    }

    // 5 pages are always copied, 20 are copied until they are mapped, and more are mapped at once; of 200 nobody asks
    // which pages were written.
    [Theory]
    [MemberData(nameof(ModesAndPages))]
    public void Restoring_brings_back_bytes_state_and_length(string mode, ulong pages)
    {
        using var region = Create(mode, pages, 400);
        Scribble(region, 1);
        using var image = region.Snapshot();
        var expected = Copy(region);

        for (var round = 0; round < 20; round++)
        {
            Scribble(region, 10 + round);
            if (round % 5 != 2)
            {
                Assert.Equal((long)pages, region.Grow((ulong)(1 + (round % 5 * 40))));
                Scribble(region, 20 + round);
            }

            if (round % 6 == 3)
            {
                Fill(region, 0xEE);
            }

            region.Restore(image);

            Assert.Equal(pages * Page, region.ByteLength);
            Assert.Equal(pages * Page, LengthWord(region));
            Assert.True(expected.AsSpan().SequenceEqual(Copy(region)));
        }

        region.Grow(200);
        Assert.True(IsZero(region.Base + (pages * Page), 200 * Page));
    }

    [Theory]
    [MemberData(nameof(ModesAndPages))]
    public void An_image_goes_into_other_regions_and_outlives_its_own(string mode, ulong pages)
    {
        RegionSnapshot image;
        byte[] expected;
        using (var first = Create(mode, pages, 300))
        {
            Scribble(first, 5);
            image = first.Snapshot();
            expected = Copy(first);
        }

        using var shorter = Create(mode, 1, 300);
        using var longer = Create(mode, 290, 300);
        using var made = MemoryRegion.Create(Enum.Parse<MemoryMode>(mode), image, 300);
        Scribble(longer, 6);
        shorter.Restore(image);
        longer.Restore(image);
        image.Dispose();

        Assert.True(expected.AsSpan().SequenceEqual(Copy(shorter)));
        Assert.True(expected.AsSpan().SequenceEqual(Copy(longer)));
        Assert.True(expected.AsSpan().SequenceEqual(Copy(made)));
        longer.Base[0]++;
        Assert.Equal(expected[shorter.StateBytes], shorter.Base[0]);
        longer.Grow(290 - pages);
        Assert.True(IsZero(longer.Base + (pages * Page), (290 - pages) * Page));
        Assert.Throws<ObjectDisposedException>(() => longer.Restore(image));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Images_of_several_sizes_alternate(string mode)
    {
        using var region = Create(mode, 1, 400);
        ulong[] sizes = [0, 1, 20, 64, 100, 250];
        var images = new List<(RegionSnapshot Image, byte[] Bytes)>();
        foreach (var size in sizes)
        {
            using var source = Create(mode, size, 400);
            Scribble(source, (int)size);
            images.Add((source.Snapshot(), Copy(source)));
        }

        var random = new Random(42);
        for (var round = 0; round < 60; round++)
        {
            var (image, bytes) = images[random.Next(images.Count)];
            for (var again = random.Next(12); again >= 0; again--)
            {
                region.Restore(image);
                region.Base[-100] = (byte)again;
            }

            region.Restore(image);
            Assert.True(bytes.AsSpan().SequenceEqual(Copy(region)));
            var before = region.ByteLength;
            Assert.Equal((long)(before / Page), region.Grow((ulong)random.Next(100)));
            Assert.True(IsZero(region.Base + before, region.ByteLength - before));
            Scribble(region, round);
        }

        images.ForEach(static entry => entry.Image.Dispose());
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void An_image_of_other_sizes_is_refused(string mode)
    {
        using var region = Create(mode, 5, 10);
        using var image = region.Snapshot();
        using var otherState = MemoryRegion.Create(Enum.Parse<MemoryMode>(mode), 100, 5, 10);
        using var smaller = Create(mode, 1, 4);

        Assert.Throws<ArgumentException>(() => otherState.Restore(image));
        Assert.Throws<ArgumentException>(() => smaller.Restore(image));
        Assert.Equal(Page, smaller.ByteLength);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Two_hundred_regions_live_at_once(string mode)
    {
        var regions = Enumerable.Range(0, 200).Select(_ => Create(mode, 1, 65_536)).ToList();

        for (var at = 0; at < regions.Count; at++)
        {
            new Span<byte>(regions[at].Base, (int)Page).Fill((byte)at);
        }

        Assert.Equal(200, regions.Select(static region => (nint)region.Base).Distinct().Count());
        for (var at = 0; at < regions.Count; at++)
        {
            Assert.Equal((byte)at, regions[at].Base[Page - 1]);
            regions[at].Dispose();
            regions[at].Dispose();
        }
    }

    [Fact]
    public void A_disposed_region_says_so()
    {
        var region = Create("Explicit", 1, 2);
        region.Dispose();

        Assert.Throws<ObjectDisposedException>(() => region.Grow(1));
        Assert.Throws<ObjectDisposedException>(() => region.Snapshot());
    }

    [Fact]
    public void What_no_machine_has_is_unavailable()
    {
        var explicitly = Assert.Throws<WasmException>(() => MemoryRegion.Create(MemoryMode.Explicit, 100, 1, 1ul << 32));
        Assert.Equal(WasmErrorKind.Unavailable, explicitly.Kind);
        explicitly = Assert.Throws<WasmException>(() => MemoryRegion.Create(MemoryMode.Explicit, 100, 1, ulong.MaxValue));
        Assert.Equal(WasmErrorKind.Unavailable, explicitly.Kind);
    }

    public static TheoryData<string, ulong> ModesAndPages()
    {
        var data = new TheoryData<string, ulong>();
        foreach (var mode in Modes)
        {
            foreach (var pages in new ulong[] { 5, 20, 100, 200 })
            {
                data.Add(mode, pages);
            }
        }

        return data;
    }

    private static MemoryRegion Create(string mode, ulong minimum, ulong maximum) =>
        MemoryRegion.Create(Enum.Parse<MemoryMode>(mode), State, minimum, maximum);

    private static ulong LengthWord(MemoryRegion region) => *(ulong*)(region.Base + MemoryRegion.LengthOffset);

    private static bool IsZero(byte* start, ulong length) =>
        !new ReadOnlySpan<byte>(start, (int)length).ContainsAnyExcept((byte)0);

    private static void Fill(MemoryRegion region, byte value)
    {
        new Span<byte>(region.Base - region.StateBytes, (int)region.StateBytes - 8).Fill(value);
        new Span<byte>(region.Base, (int)region.ByteLength).Fill(value);
    }

    private static void Scribble(MemoryRegion region, int seed)
    {
        var random = new Random(seed);
        random.NextBytes(new Span<byte>(region.Base - region.StateBytes, (int)region.StateBytes - 8));
        for (var at = 0ul; at < region.ByteLength; at += Page)
        {
            random.NextBytes(new Span<byte>(region.Base + at + random.Next(60_000), 5_000));
        }
    }

    private static byte[] Copy(MemoryRegion region) =>
        new ReadOnlySpan<byte>(region.Base - region.StateBytes, (int)(region.StateBytes + region.ByteLength)).ToArray();
}
