using System.Diagnostics;

namespace Larder.Node.Dashboard;

/// <summary>
/// A fixed number of samples at a fixed pace, the newest in place of the oldest. Counters are kept as they were read,
/// so that any two samples give an exact rate between them and no rounding adds up. For one caller at a time:
/// <see cref="StatisticsHistory"/> holds its lock.
/// </summary>
internal sealed class SampleRing
{
    private readonly TimeSpan[] _times;
    private readonly NodeSample[] _nodes;
    private readonly long[] _removals;
    private readonly List<Figures[]> _rows = [];

    internal SampleRing(TimeSpan step, int capacity)
    {
        Step = step;
        _times = new TimeSpan[capacity];
        _nodes = new NodeSample[capacity];
        _removals = new long[capacity * NodeSample.Reasons];
    }

    /// <summary>The pace at which samples are meant to come.</summary>
    internal TimeSpan Step { get; }

    /// <summary>Most samples held.</summary>
    internal int Capacity => _times.Length;

    /// <summary>Number of the next sample, from 0; samples from <see cref="First"/> up to this one can be read.</summary>
    internal long Next { get; private set; }

    /// <summary>Number of the oldest sample that is held.</summary>
    internal long First => Math.Max(0, Next - Capacity);

    /// <summary>Makes room for one more row; samples before now read as zero in it.</summary>
    internal void AddRow() => _rows.Add(new Figures[Capacity]);

    /// <summary>Begins a sample: every row must be set after it.</summary>
    internal void Append(TimeSpan time, in NodeSample node, ReadOnlySpan<long> removals)
    {
        var slot = Slot(Next++);
        _times[slot] = time;
        _nodes[slot] = node;
        removals.CopyTo(_removals.AsSpan(slot * NodeSample.Reasons, NodeSample.Reasons));
    }

    /// <summary>Sets a row in the newest sample.</summary>
    internal void Set(int row, in Figures figures) => _rows[row][Slot(Next - 1)] = figures;

    internal TimeSpan Time(long number) => _times[Slot(Held(number))];

    internal ref readonly NodeSample Node(long number) => ref _nodes[Slot(Held(number))];

    internal ref readonly Figures Row(int row, long number) => ref _rows[row][Slot(Held(number))];

    internal ReadOnlySpan<long> Removals(long number) =>
        _removals.AsSpan(Slot(Held(number)) * NodeSample.Reasons, NodeSample.Reasons);

    /// <summary>The newest sample that is at least as old as <paramref name="time"/>, or the oldest that is held.</summary>
    internal long AtOrBefore(TimeSpan time)
    {
        long low = First, high = Next - 1;
        while (low < high)
        {
            var middle = low + ((high - low + 1) / 2);
            if (Time(middle) <= time)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private int Slot(long number) => (int)(number % Capacity);

    private long Held(long number)
    {
        Debug.Assert(number >= First && number < Next, "The sample is not held.");
        return number;
    }
}
