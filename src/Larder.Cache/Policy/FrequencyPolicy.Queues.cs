using System.Runtime.CompilerServices;

namespace Larder.Cache.Policy;

/// <content>The queues: rings over slot numbers. What is newer than the newest is the oldest.</content>
internal sealed partial class FrequencyPolicy
{
    private const int None = -1;

    private const int Window = 0;
    private const int Probation = 1;
    private const int Protected = 2;

    // The state of slots that are in no queue: free, or chosen as a victim.
    private const int Nowhere = 3;

    private const int QueueBits = 2;
    private const int QueueMask = (1 << QueueBits) - 1;

    // Marked entries that one search may pass over. A bound on the time under the lock: after that, marks are ignored.
    private const int MostSpared = 64;

    private QueueSet _queues = QueueSet.Empty();

    // Whether the capacity that matters just now is in bytes; otherwise every entry costs 1.
    private bool _byWeight;

    private long MainSize => SizeOf(Probation) + SizeOf(Protected);

    /// <inheritdoc/>
    public override void CheckIntegrity()
    {
        var linked = 0;
        for (var queue = Window; queue <= Protected; queue++)
        {
            linked += CheckQueue(queue);
        }

        if (linked != _nodes.Count(node => (node.State & QueueMask) != Nowhere))
        {
            throw new InvalidOperationException("A slot claims to be in a queue that does not hold it.");
        }
    }

    private int CheckQueue(int queue)
    {
        var count = 0;
        long weight = 0;
        var slot = _queues[queue].Oldest;
        for (var left = _queues[queue].Count; left > 0; left--)
        {
            ref var node = ref _nodes[slot];
            if (QueueOf(slot) != queue || _nodes[node.Newer].Older != slot || (count++ > 0 && slot == _queues[queue].Oldest))
            {
                throw new InvalidOperationException($"Queue {queue} is wrong at slot {slot}.");
            }

            weight += _capacityBytes >= 0 ? Slots.WeightOf(slot) : 0;
            slot = node.Newer;
        }

        if (_queues[queue].Oldest != (count == 0 ? None : slot) || _queues[queue].Weight != weight)
        {
            throw new InvalidOperationException($"Queue {queue} does not hold what it says.");
        }

        return count;
    }

    private int QueueOf(int slot) => _nodes[slot].State & QueueMask;

    private int FrequencyOf(int slot) => _nodes[slot].State >> QueueBits;

    private void SetFrequency(int slot, int frequency)
    {
        ref var state = ref _nodes[slot].State;
        state = (byte)((state & QueueMask) | (frequency << QueueBits));
    }

    private long SizeOf(int queue) => _byWeight ? _queues[queue].Weight : _queues[queue].Count;

    private long CostOf(int slot) => _byWeight ? Slots.WeightOf(slot) : 1;

    // Takes back the mark of a slot and counts it; tells whether there was one.
    private bool Fold(int slot)
    {
        ref var mark = ref Touches[slot];
        if (mark == 0)
        {
            return false;
        }

        mark = 0;
        if (FrequencyOf(slot) < GhostTable.MaxFrequency)
        {
            SetFrequency(slot, FrequencyOf(slot) + 1);
        }

        return true;
    }

    // The oldest unmarked entry of main. Marked ones on the way go where their mark takes them.
    private int OldestOfMain()
    {
        for (var spared = 0; spared < MostSpared; spared++)
        {
            var slot = _queues[Probation].Oldest;
            if (slot == None)
            {
                slot = _queues[Protected].Oldest;
                if (slot == None)
                {
                    return None;
                }

                Move(slot, Fold(slot) ? Protected : Probation);
            }
            else if (Fold(slot))
            {
                Move(slot, Protected);
                _nodes[slot].Time = Now;
                Demote();
            }
            else
            {
                return slot;
            }
        }

        return _queues[Probation].Oldest != None ? _queues[Probation].Oldest : _queues[Protected].Oldest;
    }

    // Brings protected down to its share of main.
    private void Demote()
    {
        var share = (long)(MainSize * ProtectedShare);
        for (var spared = 0; SizeOf(Protected) > share && spared < MostSpared; spared++)
        {
            var slot = _queues[Protected].Oldest;
            if (Fold(slot))
            {
                Move(slot, Protected);
                _nodes[slot].Time = Now;
            }
            else
            {
                Move(slot, Probation);
            }
        }
    }

    // The oldest entry of a queue becomes its newest by the ring's turning: no link changes.
    private void Move(int slot, int queue)
    {
        ref var target = ref _queues[queue];
        if (target.Oldest == slot)
        {
            target.Oldest = _nodes[slot].Newer;
            return;
        }

        Unlink(slot);
        Link(slot, queue);
    }

    // Puts a slot at the new end of a queue.
    private void Link(int slot, int queue)
    {
        ref var target = ref _queues[queue];
        ref var node = ref _nodes[slot];
        var oldest = target.Oldest;
        if (oldest == None)
        {
            target.Oldest = slot;
            node.Newer = slot;
            node.Older = slot;
        }
        else
        {
            ref var next = ref _nodes[oldest];
            node.Newer = oldest;
            node.Older = next.Older;
            _nodes[next.Older].Newer = slot;
            next.Older = slot;
        }

        node.State = (byte)((node.State & ~QueueMask) | queue);
        target.Count++;
        if (_capacityBytes >= 0)
        {
            target.Weight += Slots.WeightOf(slot);
        }
    }

    // Puts a slot at the old end of a queue, which is where the ring begins.
    private void LinkOldest(int slot, int queue)
    {
        Link(slot, queue);
        _queues[queue].Oldest = slot;
    }

    private void Unlink(int slot)
    {
        ref var node = ref _nodes[slot];
        ref var source = ref _queues[node.State & QueueMask];
        _nodes[node.Older].Newer = node.Newer;
        _nodes[node.Newer].Older = node.Older;
        if (source.Oldest == slot)
        {
            source.Oldest = node.Newer == slot ? None : node.Newer;
        }

        node.State |= Nowhere;
        source.Count--;
        if (_capacityBytes >= 0)
        {
            source.Weight -= Slots.WeightOf(slot);
        }
    }

    // Weights are summed only while there is a limit on them; a resize can bring or end one.
    private void WeighQueues()
    {
        for (var queue = Window; queue <= Protected; queue++)
        {
            _queues[queue].Weight = 0;
            var slot = _queues[queue].Oldest;
            for (var left = _capacityBytes >= 0 ? _queues[queue].Count : 0; left > 0; left--)
            {
                _queues[queue].Weight += Slots.WeightOf(slot);
                slot = _nodes[slot].Newer;
            }
        }
    }

    // In the policy itself, so that every put does not have to look for them.
    [InlineArray(Protected + 1)]
    private struct QueueSet
    {
        private Queue _first;

        public static QueueSet Empty()
        {
            var queues = default(QueueSet);
            ((Span<Queue>)queues).Fill(new Queue());
            return queues;
        }
    }

    private struct Queue()
    {
        public int Oldest = None;
        public int Count;

        // Zero while there is no limit in bytes.
        public long Weight;
    }
}
