using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Larder.Cache.Diagnostics;

/// <summary>
/// A small set of counters that many threads raise without contention and without an interlocked instruction, and
/// that are still exact: every thread writes cells of its own, and a snapshot adds them up.
/// </summary>
/// <remarks>
/// <para>
/// A set of counters is a range of indices in all blocks of cells. A block belongs to one page of stack: a page is part of
/// one thread's stack at a time, so nobody else writes to its block, and the thread that has the page after it
/// goes on with the same sums. So a counter is raised without the runtime's way to thread-local data: the address of
/// a local variable leads to the block. There are places for 256 pages, hashed; on a page whose place is another's,
/// cells are those of the thread's own block, which <see cref="Retired"/> takes over when the thread ends. Blocks have the
/// same fixed length, never move and lie outside the heap; memory that no counter uses is never touched. Sets for which a
/// block has no place left are in interlocked cells that all threads share.
/// </para>
/// <para>
/// A range whose set was collected is used again: what it held before is the new set's baseline, so that nobody ever
/// writes into another thread's cells. Raising is safe on any thread and never blocks after a thread's first use of any
/// counter; a snapshot sees everything that happened before it, and may or may not see what happens meanwhile.
/// </para>
/// </remarks>
internal sealed unsafe class ThreadCounters
{
    /// <summary>Cells of a block: indices from here on are in cells that all threads share.</summary>
    public const int CellsPerThread = 8192;

    // The first cells of every block stay unused, so that blocks of two threads share no cache line.
    private const int PaddingCells = 16;

    // Shared cells are made so many at a time; what was made never moves.
    private const int SharedChunk = 1024;

    // The least size of a page, as a power of two: stacks of two threads never have a part in one.
    private const int PageBits = 12;

    // Places for stack pages, as a power of two.
    private const int PlaceBits = 8;

    private static readonly Lock Gate = new();

    // Guarded by Gate: the blocks of live threads, and of ended ones whose finalizer has not run yet.
    private static readonly HashSet<nint> Live = [];

    // Guarded by Gate: ranges that may be used again, by width.
    private static readonly Dictionary<int, Stack<int>> FreeRanges = [];

    // Guarded by Gate: sums of threads that have ended.
    private static readonly long[] Retired = new long[CellsPerThread];

    // The blocks of stack pages, each at the place that the number of its page is hashed to, with that number in its first
    // cell. Written once, under Gate; a block is never freed, because the page's next thread goes on with it.
    private static readonly nint* Pages = NewPages();

    // Guarded by Gate: the blocks in Pages.
    private static readonly List<nint> OfPages = [];

    // A pointer and not an array: the runtime keeps primitive thread statics in the thread's own block, one load away.
    [ThreadStatic]
    private static long* _cells;

    [ThreadStatic]
    private static ThreadEnd? _end;

    // Guarded by Gate: the first index that no set has had, of the threads' own cells and of the shared ones.
    private static int _nextIndex = PaddingCells;
    private static int _nextShared = CellsPerThread;

    // Replaced under Gate by a longer array of the same chunks before an index of a new chunk is given out.
    private static long[][] _shared = [];

    private readonly int _first;
    private readonly long[] _baseline;

    /// <summary>Creates <paramref name="count"/> counters that stand at zero.</summary>
    public ThreadCounters(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _baseline = new long[count];
        lock (Gate)
        {
            if (FreeRanges.TryGetValue(count, out var free) && free.TryPop(out var first))
            {
                _first = first;
                SumLocked(_baseline, first);
            }
            else
            {
                _first = TakeRangeLocked(count);
            }
        }
    }

    /// <summary>Gives the range back.</summary>
    ~ThreadCounters()
    {
        lock (Gate)
        {
            if (!FreeRanges.TryGetValue(_baseline.Length, out var free))
            {
                FreeRanges[_baseline.Length] = free = new Stack<int>();
            }

            free.Push(_first);
        }
    }

    /// <summary>How many counters there are.</summary>
    public int Count => _baseline.Length;

    /// <summary>
    /// The process-wide index of a counter, for <see cref="Add"/>. Good for as long as this object is reachable.
    /// </summary>
    public int IndexOf(int counter)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)counter, (uint)_baseline.Length);
        return _first + counter;
    }

    /// <summary>
    /// Raises the counter with that index; the caller keeps the set reachable. Returns the part of it that is in the cell
    /// that was raised.
    /// </summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Add(int index, long amount)
    {
        // Becomes part of the caller, in whose frame the local is: always on the stack of the running thread.
        Unsafe.SkipInit(out byte here);
        var page = (ulong)&here >> PageBits;
        var cells = (long*)Pages[PlaceOf(page)];
        return *cells == (long)page && (uint)index < CellsPerThread
            ? cells[(uint)index] += amount
            : AddFurther(index, amount, page);
    }

    /// <summary>Raises two counters that follow each other; like <see cref="Add"/> on each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddPair(int index, long first, long second)
    {
        Add(index, first);
        Add(index + 1, second);
    }

    /// <summary>Returns the sum of one counter over all threads.</summary>
    public long Read(int counter)
    {
        var sums = new long[_baseline.Length];
        Read(sums);
        return sums[counter];
    }

    /// <summary>Fills <paramref name="sums"/> with the first counters, as one snapshot.</summary>
    public void Read(Span<long> sums)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sums.Length, _baseline.Length, nameof(sums));
        lock (Gate)
        {
            SumLocked(sums, _first);
        }

        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] -= _baseline[i];
        }

        // The range must not be given to another set while it is read.
        GC.KeepAlive(this);
    }

    private static void SumLocked(Span<long> sums, int first)
    {
        for (var i = 0; i < sums.Length; i++)
        {
            var index = first + i;
            if (index >= CellsPerThread)
            {
                sums[i] = Volatile.Read(ref SharedCell(index));
                continue;
            }

            sums[i] = Retired[index];
            foreach (var cells in Live)
            {
                sums[i] += Volatile.Read(ref ((long*)cells)[index]);
            }

            foreach (var cells in OfPages)
            {
                sums[i] += Volatile.Read(ref ((long*)cells)[index]);
            }
        }
    }

    private static ref long SharedCell(int index)
    {
        var (chunk, cell) = Math.DivRem(index - CellsPerThread, SharedChunk);
        return ref Volatile.Read(ref _shared)[chunk][cell];
    }

    // A range lies in one sort of cells as a whole.
    private static int TakeRangeLocked(int count)
    {
        if (count <= CellsPerThread - _nextIndex)
        {
            _nextIndex += count;
            return _nextIndex - count;
        }

        _nextShared += count;
        while (_nextShared > CellsPerThread + (_shared.Length * SharedChunk))
        {
            Volatile.Write(ref _shared, [.. _shared, new long[SharedChunk]]);
        }

        return _nextShared - count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong PlaceOf(ulong page) => (page * 0x9E3779B97F4A7C15) >> (64 - PlaceBits);

    private static nint* NewPages()
    {
        // The block that stands for none is nobody's: no stack has a part in page zero.
        var none = (long*)NativeMemory.AllocZeroed(PaddingCells, sizeof(long));
        var pages = (nint*)NativeMemory.Alloc(1 << PlaceBits, (nuint)sizeof(nint));
        new Span<nint>(pages, 1 << PlaceBits).Fill((nint)none);
        return pages;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long AddFurther(int index, long amount, ulong page)
    {
        if (index >= CellsPerThread)
        {
            return Interlocked.Add(ref SharedCell(index), amount);
        }

        var cells = (long*)Volatile.Read(ref Pages[PlaceOf(page)]);
        if (*cells == 0)
        {
            cells = AddPage(page);
        }

        if (*cells == (long)page)
        {
            return cells[index] += amount;
        }

        // The place is another page's: the thread's own cells do.
        if (_cells is null)
        {
            lock (Gate)
            {
                _end = new ThreadEnd();
                Live.Add((nint)_end.Cells);
                _cells = _end.Cells;
            }
        }

        return _cells[index] += amount;
    }

    private static long* AddPage(ulong page)
    {
        lock (Gate)
        {
            ref var place = ref Pages[PlaceOf(page)];
            if (*(long*)place == 0)
            {
                var cells = (long*)NativeMemory.AllocZeroed(CellsPerThread, sizeof(long));
                *cells = (long)page;
                OfPages.Add((nint)cells);
                Volatile.Write(ref place, (nint)cells);
            }

            return (long*)place;
        }
    }

    /// <summary>Owns a thread's block and lives as long as the thread; its finalizer keeps what the thread counted.</summary>
    private sealed class ThreadEnd
    {
        public long* Cells { get; } = (long*)NativeMemory.AllocZeroed(CellsPerThread, sizeof(long));

        ~ThreadEnd()
        {
            lock (Gate)
            {
                if (Live.Remove((nint)Cells))
                {
                    for (var i = PaddingCells; i < _nextIndex; i++)
                    {
                        Retired[i] += Cells[i];
                    }
                }
            }

            NativeMemory.Free(Cells);
        }
    }
}
