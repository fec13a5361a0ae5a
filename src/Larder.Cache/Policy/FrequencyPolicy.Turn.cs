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
    public int ChooseOne(uint hash, List<int> victims)
    {
        Debug.Assert(CountsOnly, "Weights of queues are not kept here.");
        _newcomers++;
        AgeNext();
        _newcomer = Recall(hash);
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
                _times[slot] = 1;
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

        Judge(used - 1, main, victims);
        Force(0, 1, victims);
        return None;
    }

    /// <summary>The newcomer that <see cref="ChooseOne"/> was asked about lives in the slot of its victim now.</summary>
    public void TakeOver(int slot, uint victimHash)
    {
        ref var state = ref _states[slot];
        _ghosts.Add(victimHash, state >> QueueBits, Now);
        var inWindow = (state & QueueMask) == Window;
        Touches[slot] = 0;
        state = (byte)((_newcomer.Frequency << QueueBits) | (state & QueueMask));
        _times[slot] = _newcomer.Interval;
        if (inWindow)
        {
            TurnWindow(slot);
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

    // Makes the oldest entry of the window its newest.
    private void TurnWindow(int slot)
    {
        ref var window = ref _queues[Window];
        ref var link = ref _links[slot];
        var next = link.Newer;
        if (next == None)
        {
            return; // It is the only one.
        }

        window.Oldest = next;
        _links[next].Older = None;
        link = new Neighbours { Newer = None, Older = window.Newest };
        _links[window.Newest].Newer = slot;
        window.Newest = slot;
    }

    // The two rules of a contest, for a candidate of the window and a victim of main that cost the same.
    private bool Beats(int candidate, int victim)
    {
        var interval = _times[candidate];
        return FrequencyOf(candidate) > FrequencyOf(victim)
            || (interval != NoInterval && interval < ReturnMargin * AgeOf(victim));
    }
}
