using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Larder.Wasm.Runtime;

namespace Larder.Bench.Wasm;

/// <summary>Native memory of the WebAssembly engine: making, growing and resetting regions, and traps.</summary>
internal static unsafe class WasmMemoryBench
{
    private const int State = 32 << 10;
    private const int MachinePage = 4096;

    private static readonly int[] Touched = [1, 16, 64, 256];

    public static int Run()
    {
        var mode = GuardTraps.IsAvailable ? MemoryMode.Guard : MemoryMode.Explicit;
        Console.WriteLine($"{mode} {GuardTraps.UnavailableReason}; asks for private pages: {PrivatePages.IsAvailable}");
        Create(mode);
        Reset(mode);
        if (mode == MemoryMode.Guard)
        {
            Trap();
        }

        return 0;
    }

    private static void Create(MemoryMode mode)
    {
        Console.WriteLine("\n| KiB | pages touched | create, touch, dispose, us |\n|---|---|---|");
        foreach (var (pages, touched) in new[] { (0, 0), (1, 1), (22, 16), (22, 350), (256, 16), (256, 256) })
        {
            var time = Median(200, static () => { }, () =>
            {
                using var region = MemoryRegion.Create(mode, State, (ulong)pages, 4096);
                Touch(region, touched);
            });
            Row(pages * 64, touched.ToString(CultureInfo.InvariantCulture), $"{time:F1}");
        }
    }

    private static void Reset(MemoryMode mode)
    {
        Console.WriteLine("\n| image KiB | pages touched | first reset | later: touch + reset | new from image, touch |\n|---|---|---|---|---|");
        foreach (var pages in new[] { 4, 16, 22, 48, 64, 128, 256, 1024 })
        {
            using var source = MemoryRegion.Create(mode, State, (ulong)pages, 4096);
            new Random(1).NextBytes(new Span<byte>(source.Base, (int)source.ByteLength));
            using var image = source.Snapshot();
            foreach (var touched in Touched)
            {
                using var region = MemoryRegion.Create(mode, State, (ulong)pages, 4096);
                var first = Median(5, () => Touch(region, touched), () => region.Restore(image));
                for (var warm = 0; warm < 9; warm++)
                {
                    region.Restore(image);
                    Read(region);
                }

                var touch = Median(200, () => region.Restore(image), () => Touch(region, touched));
                var reset = Median(200, () => Touch(region, touched), () => region.Restore(image));
                var fresh = Median(50, static () => { }, () =>
                {
                    using var other = MemoryRegion.Create(mode, image, 4096);
                    Touch(other, touched);
                });
                Row(pages * 64, $"{touched}", $"{first:F1}", $"{touch:F1} + {reset:F1} = {touch + reset:F1}", $"{fresh:F1}");
            }
        }
    }

    private static void Trap()
    {
        const int Count = 20_000;
        using var region = MemoryRegion.Create(MemoryMode.Guard, State, 1, 1);
        foreach (var (name, address) in new[] { ("guard page", (nint)region.Base + 70_000), ("null", 0) })
        {
            var started = Environment.CpuUsage.TotalTime;
            for (var at = 0; at < Count; at++)
            {
                if (!Faults((byte*)address))
                {
                    throw new InvalidOperationException("No fault.");
                }
            }

            Console.WriteLine($"\n{name}: {(Environment.CpuUsage.TotalTime - started).TotalMicroseconds / Count:F1} us of processor time a fault");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Faults(byte* address)
    {
        try
        {
            return *address == 0 && *address != 0;
        }
        catch (NullReferenceException)
        {
            return true;
        }
    }

    private static void Touch(MemoryRegion region, int pages)
    {
        var total = (int)(region.ByteLength / MachinePage);
        var step = total / Math.Max(1, Math.Min(pages, total));
        for (var at = 0; at < Math.Min(pages, total); at++)
        {
            region.Base[((long)at * step * MachinePage) + 8]++;
        }
    }

    private static void Read(MemoryRegion region)
    {
        for (var at = 0ul; at < region.ByteLength; at += MachinePage)
        {
            Volatile.Read(ref region.Base[at]);
        }
    }

    private static double Median(int rounds, Action prepare, Action measured)
    {
        var times = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            prepare();
            var started = Stopwatch.GetTimestamp();
            measured();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    private static void Row(int kibibytes, params ReadOnlySpan<string> cells) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {kibibytes} | {string.Join(" | ", cells)} |"));
}
