namespace Larder.Cache.Policy;

/// <content>Who stays when there is no room.</content>
internal sealed partial class FrequencyPolicy
{
    // A candidate that comes back within this part of the victims' age is the better choice.
    private const double ReturnMargin = 0.25;

    // How many of the oldest entries a victim is chosen from when sizes differ.
    private const int Choice = 8;

    // Most victims for one candidate; one that would cost more has lost.
    private const int MostVictims = 64;

    // The victims of the contest that is being judged.
    private readonly int[] _picked = new int[MostVictims];

    /// <inheritdoc/>
    public override bool MakeRoom(uint hash, long weight, long excessBytes, long excessEntries, List<int> victims)
    {
        _newcomers++;
        AgeNext();
        _newcomer = Recall(hash);
        _byWeight = excessBytes > 0 || (excessEntries <= 0 && _capacityBytes >= 0);
        var cost = _byWeight ? weight : 1;
        var excess = _byWeight ? excessBytes : excessEntries;
        var used = SizeOf(Window) + MainSize;
        var capacity = excess > 0
            ? used + cost - excess
            : Math.Max(_byWeight ? _capacityBytes : _capacityEntries, used + cost);
        var window = Math.Max(1, capacity / WindowParts);
        if (excess <= 0)
        {
            _newcomer = _newcomer with { Queue = cost > window && used > 0 ? Probation : Window };
            DrainWindow(cost, window, capacity - window);
            return true;
        }

        if (cost > window)
        {
            // It could not wait for its turn without emptying the window, so it is judged at once.
            _newcomer = _newcomer with { Queue = Probation };
            if (!Contest(_newcomer.Frequency, _newcomer.Interval, cost, excess, victims, orWindow: true))
            {
                _ghosts.Add(hash, _newcomer.Frequency, Now);
                _newcomer = default;
                return false;
            }
        }
        else
        {
            Judge(used - excess, capacity - window, victims);
        }

        Force(excessBytes, excessEntries, victims);
        return true;
    }

    // What is known of a key that comes: how often it was wanted, this time included, and the time since last time.
    private Newcomer Recall(uint hash)
    {
        if (!_ghosts.TryTake(hash, Now, out var frequency, out var age))
        {
            return new Newcomer(hash, 1, NoInterval, Window);
        }

        return new Newcomer(
            hash, Math.Min(frequency + 1, GhostTable.MaxFrequency), Math.Min(age, (ushort)(NoInterval - 1)), Window);
    }

    // While there is room, what the window holds above its share moves into main without a contest.
    private void DrainWindow(long cost, long window, long main)
    {
        while (SizeOf(Window) + cost > window && _queues[Window].Oldest != None)
        {
            var slot = _queues[Window].Oldest;
            if (MainSize + CostOf(slot) > main)
            {
                return;
            }

            Admit(slot);
        }
    }

    // Lets the oldest of the window compete for main until no more than the target is used.
    private void Judge(long target, long main, List<int> victims)
    {
        var spared = 0;
        while (SizeOf(Window) + MainSize > target && _queues[Window].Oldest != None)
        {
            var slot = _queues[Window].Oldest;
            if (Fold(slot) && spared++ < MostSpared)
            {
                Move(slot, Window);
                _nodes[slot].Time = 1;
                continue;
            }

            var cost = CostOf(slot);
            if (Contest(FrequencyOf(slot), _nodes[slot].Time, cost, MainSize + cost - main, victims))
            {
                Admit(slot);
            }
            else
            {
                Leave(slot);
                victims.Add(slot);
            }
        }
    }

    private void Admit(int slot)
    {
        Move(slot, Probation);
        _nodes[slot].Time = Now;
    }

    // Decides between a candidate and the victims that free what it needs; they go, or all stay where they are.
    private bool Contest(
        int frequency, ushort interval, long cost, long need, List<int> victims, bool orWindow = false)
    {
        if (need <= 0)
        {
            return true;
        }

        if (!_byWeight && need == 1 && cost == 1)
        {
            return Duel(frequency, interval, victims, orWindow);
        }

        var picked = 0;
        var fromMain = 0;
        long freed = 0;
        var frequencies = 0;
        double rate = 0;
        var wins = false;
        while (freed < need && picked < MostVictims)
        {
            var slot = ChooseVictim();
            if (slot == None && orWindow)
            {
                slot = _queues[Window].Oldest;
            }

            if (slot == None)
            {
                break;
            }

            fromMain += QueueOf(slot) == Window ? 0 : 1;
            frequencies += FrequencyOf(slot);
            rate += 1.0 / AgeOf(slot);
            freed += CostOf(slot);
            _picked[picked++] = slot;
            Unlink(slot);

            // Only the part of the victims that the candidate takes the place of counts.
            var part = freed > cost ? (double)cost / freed : 1;
            wins = frequency > frequencies * part
                || (interval != NoInterval && interval * rate * part < ReturnMargin);
            if (!wins && freed >= cost)
            {
                break;
            }
        }

        wins &= freed >= need;
        for (var i = picked - 1; i >= 0; i--)
        {
            if (wins)
            {
                _ghosts.Add(Slots.HashOf(_picked[i]), FrequencyOf(_picked[i]), Now);
                victims.Add(_picked[i]);
            }
            else
            {
                LinkOldest(_picked[i], i < fromMain ? Probation : Window);
            }
        }

        return wins;
    }

    // A contest with a single victim of the same size: nothing has to be put back when it stays.
    private bool Duel(int frequency, ushort interval, List<int> victims, bool orWindow)
    {
        var slot = OldestOfMain();
        if (slot == None && orWindow)
        {
            slot = _queues[Window].Oldest;
        }

        if (slot == None
            || (frequency <= FrequencyOf(slot)
                && (interval == NoInterval || interval >= ReturnMargin * AgeOf(slot))))
        {
            return false;
        }

        Unlink(slot);
        _ghosts.Add(Slots.HashOf(slot), FrequencyOf(slot), Now);
        victims.Add(slot);
        return true;
    }

    // Ticks since the last use that was noticed, at least 1. An entry of the window has been used just now.
    private int AgeOf(int slot) =>
        QueueOf(slot) == Window ? 1 : Math.Max(1, (int)(ushort)(Now - _nodes[slot].Time));

    // The next victim: the oldest of main or, when sizes differ, the one of the oldest few that is worth least a byte.
    private int ChooseVictim()
    {
        var best = OldestOfMain();
        if (best == None || !_byWeight)
        {
            return best;
        }

        var slot = best;
        for (var i = 1; i < Choice; i++)
        {
            slot = _nodes[slot].Newer;
            if (slot == _queues[QueueOf(best)].Oldest)
            {
                break;
            }

            if (Touches[slot] == 0
                && (FrequencyOf(slot) + 1) * CostOf(best) < (FrequencyOf(best) + 1) * CostOf(slot))
            {
                best = slot;
            }
        }

        return best;
    }

    // Frees without a contest what is still missing: main was above its share, or both limits are exceeded.
    private void Force(long excessBytes, long excessEntries, List<int> victims)
    {
        excessEntries -= victims.Count;
        if (excessBytes > 0)
        {
            foreach (var victim in victims)
            {
                excessBytes -= Slots.WeightOf(victim);
            }
        }

        while (excessBytes > 0 || excessEntries > 0)
        {
            var slot = OldestOfMain();
            slot = slot != None ? slot : _queues[Window].Oldest;
            if (slot == None)
            {
                return;
            }

            Leave(slot);
            victims.Add(slot);
            excessEntries--;
            excessBytes -= excessBytes > 0 ? Slots.WeightOf(slot) : 0;
        }
    }
}
