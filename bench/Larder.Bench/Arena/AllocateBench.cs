using System.Globalization;
using System.Runtime.InteropServices;
using Larder.Cache.Arenas;

namespace Larder.Bench.Arena;

/// <summary>Taking, filling and giving back blocks: the arena beside the C library and the managed heap.</summary>
internal static unsafe class AllocateBench
{
    private const int Slices = 15;
    private const int Live = 64;

    public static void Run()
    {
        Console.WriteLine($"allocate: CPU ns for one block taken, filled and given back, {Live} live, oldest first; median of {Slices} slices in turn");
        Console.WriteLine("| bytes | arena | malloc | new byte[] | uninitialized array | arena, not filled | malloc, not filled |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        using var arena = new Cache.Arenas.Arena(new ArenaOptions { SizeBytes = 512L * 1024 * 1024 });
        WarmUp(arena);
        foreach (var size in (int[])[64, 1024, 16 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024])
        {
            var count = Math.Max(200, Math.Min(20_000, 64 * 1024 * 1024 / size));
            Func<double>[] runs =
            [
                () => FromArena(arena, size, count, fill: true),
                () => FromLibrary(size, count, fill: true),
                () => FromHeap(size, count, uninitialized: false),
                () => FromHeap(size, count, uninitialized: true),
                () => FromArena(arena, size, count, fill: false),
                () => FromLibrary(size, count, fill: false),
            ];
            var figures = runs.Select(_ => new List<double>()).ToArray();
            for (var slice = 0; slice < Slices; slice++)
            {
                for (var run = 0; run < runs.Length; run++)
                {
                    figures[run].Add(runs[run]());
                }
            }

            var cells = figures.Select(found => ArenaBench.Median(found).ToString("F0", CultureInfo.InvariantCulture));
            Console.WriteLine($"| {size} | {string.Join(" | ", cells)} |");
        }
    }

    // Until the compiler's last tier has seen every path.
    private static void WarmUp(Cache.Arenas.Arena arena)
    {
        for (var began = Environment.TickCount64; Environment.TickCount64 - began < 3000;)
        {
            FromArena(arena, 64, 1000, fill: true);
            FromLibrary(64, 1000, fill: true);
            FromHeap(64, 1000, uninitialized: false);
            FromHeap(64, 1000, uninitialized: true);
        }
    }

    private static double FromArena(Cache.Arenas.Arena arena, int size, int count, bool fill)
    {
        var live = new ArenaBlock[Live];
        var before = ArenaBench.Processor;
        for (var turn = 0; turn < count; turn++)
        {
            ref var block = ref live[turn % Live];
            if (!block.IsDefault)
            {
                arena.Free(block);
            }

            arena.TryAllocate(size, out block);
            if (fill)
            {
                arena.GetSpan(block).Fill(1);
            }
        }

        var time = (ArenaBench.Processor - before).TotalNanoseconds / count;
        foreach (var block in live.Where(block => !block.IsDefault))
        {
            arena.Free(block);
        }

        return time;
    }

    private static double FromLibrary(int size, int count, bool fill)
    {
        var live = stackalloc void*[Live];
        new Span<nint>(live, Live).Clear();
        var before = ArenaBench.Processor;
        for (var turn = 0; turn < count; turn++)
        {
            NativeMemory.Free(live[turn % Live]);
            live[turn % Live] = NativeMemory.Alloc((nuint)size);
            if (fill)
            {
                new Span<byte>(live[turn % Live], size).Fill(1);
            }
        }

        var time = (ArenaBench.Processor - before).TotalNanoseconds / count;
        for (var block = 0; block < Live; block++)
        {
            NativeMemory.Free(live[block]);
        }

        return time;
    }

    private static double FromHeap(int size, int count, bool uninitialized)
    {
        var live = new byte[Live][];
        var before = ArenaBench.Processor;
        for (var turn = 0; turn < count; turn++)
        {
            live[turn % Live] = uninitialized ? GC.AllocateUninitializedArray<byte>(size) : new byte[size];
            live[turn % Live].AsSpan().Fill(1);
        }

        return (ArenaBench.Processor - before).TotalNanoseconds / count;
    }
}
