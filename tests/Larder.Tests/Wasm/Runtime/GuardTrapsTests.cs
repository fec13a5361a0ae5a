using System.Runtime.CompilerServices;
using Larder.Tests.Memory;
using Larder.Wasm;
using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

/// <summary>Guard pages. Alone, because one test uses the whole arena up.</summary>
[Collection(AloneCollection.Name)]
public sealed unsafe class GuardTrapsTests
{
    private const ulong Page = MemoryRegion.PageBytes;

    public GuardTrapsTests() =>
        Assert.SkipUnless(GuardTraps.IsAvailable, $"no guard pages: {GuardTraps.UnavailableReason}");

    [Fact]
    public void An_access_beyond_the_length_is_an_exception_at_once_and_none_after_growth()
    {
        using var region = MemoryRegion.Create(MemoryMode.Guard, 100, 1, 2);

        Assert.Equal(0, Load(region.Base, Page - 1));
        Assert.Throws<NullReferenceException>(() => Load(region.Base, Page));
        Assert.Throws<NullReferenceException>(() => Load(region.Base, Page * 2));
        Assert.Throws<NullReferenceException>(() => Load(region.Base, uint.MaxValue));
        Assert.Throws<NullReferenceException>(() => Load(region.Base, 2ul * uint.MaxValue));
        Assert.Throws<NullReferenceException>(() => LoadVector(region.Base, 2ul * uint.MaxValue));
        Assert.Throws<NullReferenceException>(() => Store(region.Base, Page));
        region.Grow(1);
        Store(region.Base, Page);
        Assert.Equal(1, Load(region.Base, Page));
    }

    [Fact]
    public void Restoring_a_shorter_image_closes_the_pages()
    {
        using var region = MemoryRegion.Create(MemoryMode.Guard, 100, 1, 100);
        using var image = region.Snapshot();

        for (var round = 0; round < 3; round++)
        {
            region.Grow(50);
            Store(region.Base, (51 * Page) - 1);
            region.Restore(image);

            Assert.Throws<NullReferenceException>(() => Load(region.Base, Page));
            Assert.Throws<NullReferenceException>(() => Load(region.Base, (51 * Page) - 1));
        }
    }

    [Fact]
    public void A_slot_that_is_used_again_is_closed_behind_its_new_length()
    {
        for (var round = 0; round < 40; round++)
        {
            var pages = (ulong)(40 - round);
            using var region = MemoryRegion.Create(MemoryMode.Guard, 100, pages, 100);
            Store(region.Base, (pages * Page) - 1);

            Assert.Throws<NullReferenceException>(() => Load(region.Base, pages * Page));
        }
    }

    [Fact]
    public void A_null_dereference_of_the_host_is_still_an_exception()
    {
        string? text = null;

        Assert.Throws<NullReferenceException>(() => text!.Length);
        Assert.Throws<NullReferenceException>(() => Load(null, 8));
        Assert.Throws<NullReferenceException>(() => Store(null, 0));
    }

    [Fact]
    public void Threads_trap_while_garbage_is_collected()
    {
        using var region = MemoryRegion.Create(MemoryMode.Guard, 100, 1, 2);
        var address = (nint)region.Base;
        var traps = new int[2];
        var collections = 0;
        var threads = Enumerable.Range(0, 2).Select(at => new Thread(() => traps[at] = TrapOften(address, 20_000))).ToList();

        threads.ForEach(static thread => thread.Start());
        while (threads.Exists(static thread => thread.IsAlive))
        {
            GC.Collect(collections % 8 == 0 ? 2 : 0, GCCollectionMode.Forced, blocking: collections % 3 != 0);
            collections++;
        }

        Assert.Equal([20_000, 20_000], traps);
        Assert.True(collections > 10, $"{collections} collections");
    }

    [Fact]
    public void The_shim_changes_only_faults_of_the_processor_in_the_arena()
    {
        using var region = MemoryRegion.Create(MemoryMode.Guard, 100, 1, 2);
        var code = GuardShim.Assemble(0x10_0000, 0x1000, (nint)(delegate* unmanaged<void>)&Nothing);
        var page = Native.Map(0, 4096, Native.ProtectReadWrite, Native.MapReserve, -1, 0);
        code.CopyTo(new Span<byte>((void*)page, 4096));
        Assert.Equal(0, Native.Protect(page, 4096, Native.ProtectReadExecute));

        Assert.Equal((0, 1, 0), GuardTraps.Simulate(page, 0x10_0000, 2));
        Assert.Equal((0, 1, 0), GuardTraps.Simulate(page, 0x10_0FFF, 1));
        Assert.Equal((0x10_1000, 2, 0x10_1000), GuardTraps.Simulate(page, 0x10_1000, 2));
        Assert.Equal((0x0F_FFFF, 2, 0x0F_FFFF), GuardTraps.Simulate(page, 0x0F_FFFF, 2));
        Assert.Equal((0x10_0000, 0, 0x10_0000), GuardTraps.Simulate(page, 0x10_0000, 0));
        Assert.Equal((0x10_0000, -6, 0x10_0000), GuardTraps.Simulate(page, 0x10_0000, -6));
        Assert.Equal(0, Native.Unmap(page, 4096));
    }

    [Fact]
    public void An_arena_that_is_used_up_is_unavailable_until_a_region_goes()
    {
        var regions = new List<MemoryRegion>();
        try
        {
            var exception = Assert.Throws<WasmException>(() => TakeAll(regions));

            Assert.Equal(WasmErrorKind.Unavailable, exception.Kind);
            Assert.True(regions.Count >= 7, $"{regions.Count} regions");
            regions[^1].Dispose();
            using var again = MemoryRegion.Create(MemoryMode.Guard, 100, 1, 1);
        }
        finally
        {
            regions.ForEach(static region => region.Dispose());
        }
    }

    [Fact]
    public void State_beyond_the_slot_is_refused()
    {
        var exception = Assert.Throws<WasmException>(() => MemoryRegion.Create(MemoryMode.Guard, 1 << 30, 1, 1));

        Assert.Equal(WasmErrorKind.LimitExceeded, exception.Kind);
    }

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static void Nothing()
    {
    }

    private static void TakeAll(List<MemoryRegion> regions)
    {
        while (true)
        {
            regions.Add(MemoryRegion.Create(MemoryMode.Guard, 100, 0, 1));
        }
    }

    private static int TrapOften(nint address, int count)
    {
        var traps = 0;
        for (var i = 0; i < count; i++)
        {
            var garbage = new object[i % 50];
            try
            {
                _ = Load((byte*)address, Page + ((ulong)i * 37));
            }
            catch (NullReferenceException)
            {
                traps++;
            }

            GC.KeepAlive(garbage);
        }

        return traps;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static byte Load(byte* start, ulong at) => start[at];

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong LoadVector(byte* start, ulong at) =>
        System.Runtime.Intrinsics.Vector128.Load((ulong*)(start + at))[0];

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Store(byte* start, ulong at) => start[at] = 1;
}
