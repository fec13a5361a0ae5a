namespace Larder.Cache.Policy;

/// <summary>
/// The default policy: newcomers wait in a small window; to stay, they must be worth more than everything they would
/// push out taken together. Worth is frequency, and the time a key took to come back.
/// </summary>
/// <remarks>
/// <para>
/// Entries are in three queues: the window (a tenth of the capacity) and, in the main part, probation and protected.
/// Queues are ordered lazily: a lookup marks its slot, and the mark is seen when the entry has reached the old end. A
/// marked entry of the window starts there again, one of probation becomes protected, a protected one stays. What
/// protected holds above its share goes back to probation.
/// </para>
/// <para>
/// The oldest unmarked entry of the window is the candidate for main; the oldest of probation are the victims that
/// its coming would cost. It wins if its frequency exceeds the sum of theirs [1, 2]; or if the time between its last two uses is
/// well below the time for which the victims were not used, because then it will come back before they do even if
/// they were frequent once [3]. Several victims add up like rates: the reciprocals of their times. When they free more
/// bytes than the candidate takes, only the part that it takes is counted. Victims that won stay where they are.
/// </para>
/// <para>
/// What left is remembered by a <see cref="GhostTable"/>: how often it was wanted, and when it left. Time is counted in newcomers. Frequencies
/// reach 3 and are halved, one slot after another, while sixteen newcomers a slot come. So every operation is O(1),
/// amortised over the hits whose marks are taken back, and nothing depends on a clock or on chance.
/// </para>
/// <para>
/// Sources: [1] G. Einziger, R. Friedman, B. Manes, TinyLFU: A Highly Efficient Cache Admission Policy, ACM ToS 2017.
/// [2] G. Einziger, O. Eytan, R. Friedman, B. Manes, Lightweight Robust Size Aware Cache Management, ACM ToS 2022.
/// [3] S. Jiang, X. Zhang, LIRS: An Efficient Low Inter-reference Recency Set Replacement Policy, SIGMETRICS 2002.
/// [4] J. Yang et al., FIFO Queues are All You Need for Cache Eviction, SOSP 2023: lazy queues with a mark.
/// </para>
/// </remarks>
internal sealed partial class FrequencyPolicy : EvictionPolicy
{
    // The window's part of the capacity, and what protected may take of the rest.
    private const int WindowParts = 10;
    private const double ProtectedShare = 0.7;

    // A slot is aged once while so many newcomers a slot come; a power of two.
    private const int AgeingPeriod = 16;

    // Ticks become longer when a shard has more slots than this, so that 16 bits last for 64 turns of the cache.
    private const int TicksATurn = 1024;
    private const int LongestAge = 0x8000;

    // A window entry that is not known to have come back.
    private const ushort NoInterval = ushort.MaxValue;

    private readonly GhostTable _ghosts = new();

    // By slot.
    private Node[] _nodes = [];

    private long _capacityBytes = -1;
    private long _capacityEntries = -1;

    private uint _newcomers;
    private int _tickShift;
    private int _nextToAge;

    // What MakeRoom found out about the newcomer that OnInsert will bring.
    private Newcomer _newcomer;

    private ushort Now => (ushort)(_newcomers >> _tickShift);

    /// <inheritdoc/>
    public override void EnsureCapacity(int slots)
    {
        var old = _nodes.Length;
        if (slots <= old)
        {
            return;
        }

        Array.Resize(ref _nodes, slots);
        _nodes.AsSpan(old).Fill(new Node { State = Nowhere });
        var touches = new byte[slots];
        Touches.CopyTo(touches, 0);
        Touches = touches;
        _ghosts.EnsureCapacity(slots);
        while (slots >> _tickShift > TicksATurn)
        {
            Coarsen();
        }
    }

    /// <inheritdoc/>
    public override void SetCapacity(long bytes, long entries)
    {
        var weighedBefore = _capacityBytes >= 0;
        _capacityBytes = bytes;
        _capacityEntries = entries;
        if (weighedBefore != bytes >= 0)
        {
            WeighQueues();
        }
    }

    /// <inheritdoc/>
    public override void OnInsert(int slot, uint hash, long weight)
    {
        // A newcomer that MakeRoom was not asked about has no past.
        var newcomer = _newcomer.Hash == hash ? _newcomer : new Newcomer(hash, 1, NoInterval, Window);
        Touches[slot] = 0;
        SetFrequency(slot, newcomer.Frequency);
        _nodes[slot].Time = newcomer.Queue == Window ? newcomer.Interval : Now;
        Link(slot, newcomer.Queue);
    }

    /// <inheritdoc/>
    public override void OnReplace(int slot, long weight)
    {
        Touches[slot] = 1;
        if (_capacityBytes >= 0)
        {
            _queues[QueueOf(slot)].Weight += weight - Slots.WeightOf(slot);
        }
    }

    /// <inheritdoc/>
    public override void OnRemove(int slot)
    {
        // Victims of MakeRoom are out of their queues already.
        if (QueueOf(slot) != Nowhere)
        {
            Leave(slot);
        }
    }

    /// <inheritdoc/>
    public override int NextVictim()
    {
        ref var window = ref _queues[Window];
        var total = SizeOf(Window) + MainSize;
        var fromWindow = window.Oldest != None && (SizeOf(Window) > total / WindowParts || MainSize == 0);
        var victim = fromWindow ? window.Oldest : OldestOfMain();
        return victim != None ? victim : window.Oldest;
    }

    // Takes an entry out of its queue and leaves its ghost.
    private void Leave(int slot)
    {
        Fold(slot);
        Unlink(slot);
        _ghosts.Add(Slots.HashOf(slot), FrequencyOf(slot), Now);
    }

    // Ages one slot for every sixteen newcomers: frequency halves, and times are kept from wrapping.
    private void AgeNext()
    {
        if ((_newcomers & (AgeingPeriod - 1)) != 0)
        {
            return;
        }

        var slot = _nextToAge < _nodes.Length ? _nextToAge : 0;
        _nextToAge = slot + 1;
        SetFrequency(slot, FrequencyOf(slot) >> 1);
        if (QueueOf(slot) is Probation or Protected && (ushort)(Now - _nodes[slot].Time) > LongestAge)
        {
            _nodes[slot].Time = (ushort)(Now - LongestAge);
        }
    }

    // Doubles the length of a tick.
    private void Coarsen()
    {
        var before = Now;
        _tickShift++;
        var after = Now;
        for (var slot = 0; slot < _nodes.Length; slot++)
        {
            if (QueueOf(slot) != Window)
            {
                _nodes[slot].Time = (ushort)(after - ((ushort)(before - _nodes[slot].Time) >> 1));
            }
            else if (_nodes[slot].Time != NoInterval)
            {
                _nodes[slot].Time >>= 1;
            }
        }

        _ghosts.Coarsen(before, after, 1);
    }

    // A slot's place in its ring.
    private struct Node
    {
        public int Newer;
        public int Older;

        // In the window, the ticks between the last two uses; in main, the tick of the last use that was noticed.
        public ushort Time;

        // The queue, and the frequency above it.
        public byte State;
    }

    private readonly record struct Newcomer(uint Hash, int Frequency, ushort Interval, int Queue);
}
