using System.Globalization;
using Larder.Tests.Memory;
using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

/// <summary>Native memory comes back. Alone, because it measures the process.</summary>
[Collection(AloneCollection.Name)]
public sealed unsafe class NativeMemoryGrowthTests
{
    [Theory]
    [InlineData("Guard")]
    [InlineData("Explicit")]
    public void Ten_thousand_regions_come_and_go_without_growth(string name)
    {
        var mode = Enum.Parse<MemoryMode>(name);
        Assert.SkipWhen(mode == MemoryMode.Guard && !GuardTraps.IsAvailable, $"no guard pages: {GuardTraps.UnavailableReason}");
        Rounds(mode, 1_000);
        var before = Measure();

        Rounds(mode, 10_000);

        var after = Measure();
        Assert.True(after.AddressSpace - before.AddressSpace < 64L << 20, $"address space {before} -> {after}");
        Assert.True(after.Resident - before.Resident < 64L << 20, $"resident {before} -> {after}");
        Assert.True(after.Mappings - before.Mappings < 100, $"mappings {before} -> {after}");
        Assert.True(after.Files - before.Files < 20, $"files {before} -> {after}");
    }

    [Fact]
    public void Forgotten_regions_are_given_back()
    {
        Forget(200);
        Collect();
        var before = Measure();

        for (var round = 0; round < 10; round++)
        {
            Forget(200);
            Collect();
        }

        Assert.True(Measure().AddressSpace - before.AddressSpace < 2L << 30, $"address space {before} -> {Measure()}");
    }

    private static void Rounds(MemoryMode mode, int rounds)
    {
        var alive = new Queue<MemoryRegion>();
        for (var round = 0; round < rounds; round++)
        {
            var region = MemoryRegion.Create(mode, 5_000, (ulong)(round % 12), 100 + (ulong)(round % 50));
            region.Grow((ulong)(round % 3));
            for (var at = 0ul; at < region.ByteLength; at += 4096)
            {
                region.Base[at] = 1;
            }

            if (round % 20 == 0)
            {
                using var image = region.Snapshot();
                region.Grow(10);
                region.Restore(image);
            }

            using (var table = TableMemory.Create(10, round % 2 == 0 ? 100ul : 1_000_000ul))
            {
                table.Grow(50, 3);
            }

            alive.Enqueue(region);
            if (alive.Count > 5)
            {
                alive.Dequeue().Dispose();
            }
        }

        foreach (var region in alive)
        {
            region.Dispose();
        }
    }

    private static void Forget(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _ = MemoryRegion.Create(MemoryMode.Explicit, 100, 1, 1_600);
            _ = TableMemory.Create(1, 1_000_000);
        }
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private static (long AddressSpace, long Resident, int Mappings, int Files) Measure()
    {
        Collect();
        var pages = File.ReadAllText("/proc/self/statm").Split(' ');
        return (
            long.Parse(pages[0], CultureInfo.InvariantCulture) * Environment.SystemPageSize,
            long.Parse(pages[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize,
            File.ReadLines("/proc/self/maps").Count(),
            Directory.GetFiles("/proc/self/fd").Length);
    }
}
