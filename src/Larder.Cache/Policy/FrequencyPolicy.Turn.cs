using System.Diagnostics;

namespace Larder.Cache.Policy;

/// <content>The most frequent case: every entry costs 1, there is no room, and one goes for the one that comes.</content>
internal sealed partial class FrequencyPolicy
{
    /// <summary>Whether entries are only counted: the condition of <see cref="ChooseOne"/>.</summary>
    public bool CountsOnly => _capacityBytes < 0;

    /// <summary>
    /// <see cref="MakeRoom"/> for a newcomer that needs the place of one entry. Gives the victim, out of its queue, whose
    /// place and ghost are <see cref="TakeOver"/>'s to see to; or -1 when it is not one that goes, and <paramref name="victims"/>
    /// says who goes as it does after <see cref="MakeRoom"/>.
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

            var rival = OldestOfMain();
            if (rival == None || !Beats(slot, rival))
            {
                Unlink(slot);
                return slot;
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
        Touches[slot] = 0;
        state = (byte)((_newcomer.Frequency << QueueBits) | Nowhere);
        _times[slot] = _newcomer.Interval;
        Link(slot, Window);
    }

    /// <summary>Asks for the cache line that the ghost of a key would be in. Needs no lock.</summary>
    public void Prefetch(uint hash) => _ghosts.Prefetch(hash);

    // The two rules of a contest, for a candidate of the window and a victim of main that cost the same.
    private bool Beats(int candidate, int victim)
    {
        var interval = _times[candidate];
        return FrequencyOf(candidate) > FrequencyOf(victim)
            || (interval != NoInterval && interval < ReturnMargin * AgeOf(victim));
    }
}
