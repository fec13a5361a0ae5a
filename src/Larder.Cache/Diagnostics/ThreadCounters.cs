using System.Runtime.CompilerServices;

namespace Larder.Cache.Diagnostics;

/// <summary>
/// A small set of counters that many threads raise without contention and without an interlocked instruction, and
/// that are still exact: every thread writes cells of its own, and a snapshot adds them up.
/// </summary>
/// <remarks>
/// Each thread has one array of cells for the whole process; a set of counters is a range of indices in all of them.
/// When a thread ends, its cells are added to <see cref="_retired"/>. A range whose set was collected is used again:
/// what it held before is the new set's baseline, so that nobody ever writes into another thread's cells. Raising is
/// safe on any thread and never blocks after a thread's first use of a range; a snapshot sees everything that happened
/// before it, and may or may not see what happens meanwhile.
/// </remarks>
internal sealed class ThreadCounters
{
    // The first cells of every array stay unused, so that arrays of two threads share no cache line.
    private const int PaddingCells = 16;

    private static readonly Lock Gate = new();

    // Guarded by Gate: the arrays of live threads, and of ended ones whose finalizer has not run yet.
    private static readonly HashSet<long[]> Live = [];

    // Guarded by Gate: ranges that may be used again, by width.
    private static readonly Dictionary<int, Stack<int>> FreeRanges = [];

    [ThreadStatic]
    private static long[]? _cells;

    [ThreadStatic]
    private static ThreadEnd? _end;

    // Guarded by Gate: sums of threads that have ended.
    private static long[] _retired = [];

    // Guarded by Gate: the first index that no set has had.
    private static int _nextIndex = PaddingCells;

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
                _first = _nextIndex;
                _nextIndex += count;
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
    /// Raises the counter with that index; the caller keeps the set reachable. Returns this thread's part of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Add(int index, long amount)
    {
        var cells = _cells;
        return cells is not null && (uint)index < (uint)cells.Length
            ? cells[index] += amount
            : AddFirst(index, amount);
    }

    /// <summary>Raises two counters that follow each other; like <see cref="Add"/> on each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddPair(int index, long first, long second)
    {
        var cells = _cells;
        if (cells is not null && (uint)(index + 1) < (uint)cells.Length)
        {
            cells[index] += first;
            cells[index + 1] += second;
        }
        else
        {
            AddFirst(index, first);
            Add(index + 1, second);
        }
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
            sums[i] = first + i < _retired.Length ? _retired[first + i] : 0;
        }

        foreach (var cells in Live)
        {
            for (var i = 0; i < sums.Length && first + i < cells.Length; i++)
            {
                sums[i] += Volatile.Read(ref cells[first + i]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long AddFirst(int index, long amount)
    {
        lock (Gate)
        {
            var old = _cells;
            var cells = new long[Math.Max(_nextIndex * 5 / 4, 4 * PaddingCells)];
            old?.CopyTo(cells, 0);
            if (old is not null)
            {
                Live.Remove(old);
            }

            Live.Add(cells);
            _cells = cells;
            (_end ??= new ThreadEnd()).Cells = cells;
        }

        return _cells[index] += amount;
    }

    /// <summary>Lives as long as its thread; its finalizer keeps what the thread counted.</summary>
    private sealed class ThreadEnd
    {
        // Guarded by Gate.
        public long[] Cells { get; set; } = [];

        ~ThreadEnd()
        {
            lock (Gate)
            {
                if (!Live.Remove(Cells))
                {
                    return;
                }

                if (_retired.Length < Cells.Length)
                {
                    Array.Resize(ref _retired, Cells.Length);
                }

                for (var i = 0; i < Cells.Length; i++)
                {
                    _retired[i] += Cells[i];
                }
            }
        }
    }
}
