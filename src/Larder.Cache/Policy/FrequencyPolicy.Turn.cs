using System.Diagnostics;

namespace Larder.Cache.Policy;

/// <content>The most frequent case: every entry costs 1, there is no room, and one goes for the one that comes.</content>
internal sealed partial class FrequencyPolicy
{
    /// <summary>Whether entries are only counted: the condition of <see cref="ChooseOne"/>.</summary>
    public bool CountsOnly => _capacityBytes < 0;

    /// <summary>
    /// <see cref="MakeRoom"/> for a newcomer that needs the place of one entry. Gives the victim, whose place and ghost
    /// <see cref="TakeOver"/> sees to, and which nothing else may be asked about before that; or -1 when it is not one that
    /// goes, and <paramref name="victims"/> says who goes as it does after <see cref="MakeRoom"/>.
    /// </summary>
    public int ChooseOne(uint hash, List<int> victims, out Arrival arrival)
    {
        Debug.Assert(CountsOnly, "Weights of queues are not kept here.");
        _newcomers++;
        AgeNext();
        var newcomer = Recall(hash);
        arrival = new Arrival((byte)newcomer.Frequency, newcomer.Interval);
        _byWeight = false;
        ref var window = ref _queues[Window];
        var used = window.Count + _queues[Probation].Count + _queues[Protected].Count;
        var main = used - Math.Max(1, used / WindowParts);
        var spared = 0;
        for (var slot = window.Oldest; slot != None; slot = window.Oldest)
        {
            if (Fold(slot) && spared++ < MostSpared)
            {
                Move(slot, Window);
                _nodes[slot].Time = 1;
                continue;
            }

            var need = used - window.Count + 1 - main;
            if (need > 1)
            {
                break;
            }

            if (need <= 0)
            {
                Admit(slot);
                continue;
            }

            var rival = _queues[Probation].Oldest;
            rival = rival == None || Touches[rival] != 0 ? OldestOfMain() : rival;
            if (rival == None || !Beats(slot, rival))
            {
                return slot; // It stays where it is until TakeOver, which mostly needs to turn the queue only.
            }

            Unlink(rival);
            Admit(slot);
            return rival;
        }

        _newcomer = newcomer;
        victims.Clear();
        Judge(used - 1, main, victims);
        Force(0, 1, victims);
        return None;
    }

    /// <summary>The newcomer that <see cref="ChooseOne"/> was asked about lives in the slot of its victim now.</summary>
    public void TakeOver(int slot, uint victimHash, Arrival arrival)
    {
        ref var node = ref _nodes[slot];
        _ghosts.Add(victimHash, node.State >> QueueBits, Now);
        ref var mark = ref Touches[slot];
        if (mark != 0)
        {
            mark = 0; // Set since ChooseOne looked.
        }

        // What is right already is left alone, so that the line stays with all processors.
        if (node.Time != arrival.Interval)
        {
            node.Time = arrival.Interval;
        }

        var state = (byte)((arrival.Frequency << QueueBits) | (node.State & QueueMask));
        if (node.State != state)
        {
            node.State = state;
        }

        ref var window = ref _queues[Window];
        if (window.Oldest == slot)
        {
            window.Oldest = node.Newer;
        }
        else
        {
            Link(slot, Window);
        }
    }

    /// <summary>The entry that <see cref="ChooseOne"/> will look at first; -1 when there is none.</summary>
    public int NextCandidate => _queues[Window].Oldest;

    /// <summary>Asks for the cache line that the ghost of a key would be in. Needs no lock.</summary>
    public void Prefetch(uint hash) => _ghosts.Prefetch(hash);

    // The two rules of a contest, for a candidate of the window and a victim of main that cost the same.
    private bool Beats(int candidate, int victim)
    {
        var interval = _nodes[candidate].Time;
        return FrequencyOf(candidate) > FrequencyOf(victim)
            || (interval != NoInterval && interval < ReturnMargin * AgeOf(victim));
    }

    /// <summary>What is known of a newcomer: its frequency, and the time it was away.</summary>
    public readonly record struct Arrival(byte Frequency, ushort Interval);
}
