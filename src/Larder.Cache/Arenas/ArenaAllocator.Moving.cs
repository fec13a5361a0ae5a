using System.Numerics;

namespace Larder.Cache.Arenas;

/// <content>Making room for a request by moving a few live blocks out of the way.</content>
/// <remarks>
/// Free room that is scattered is of no use to a long block, and a cache that answers a refusal by evicting its oldest
/// entries may lose half of them before two neighbours happen to go. So a bounded search looks, around the longest
/// free blocks, for the stretch with the fewest live bytes in it; these blocks are moved into holes elsewhere.
/// </remarks>
internal sealed partial class ArenaAllocator
{
    // The second effort is for long blocks among many short ones, as when the mix of sizes shifts.
    private static readonly Effort Quick = new(Candidates: 16, Steps: 64, Attempts: 4);
    private static readonly Effort Thorough = new(Candidates: 4, Steps: 1024, Attempts: 2);

    private readonly List<Window> _windows = [];
    private readonly List<int> _reserved = [];
    private readonly List<int> _inTheWay = [];
    private readonly List<int> _targets = [];
    private readonly Comparison<int> _byLength;
    private uint _longestHole;

    /// <summary>Moves a live block's bytes and its owner's handle to another block; false when the owner refuses.</summary>
    /// <param name="from">Where the bytes are.</param>
    /// <param name="to">A live block of the same length.</param>
    public delegate bool Mover(int from, int to);

    /// <summary>
    /// Takes a block where no free block is long enough, by moving others; <see cref="None"/> when a bounded effort
    /// finds no way.
    /// </summary>
    /// <param name="granules">Length of the block.</param>
    /// <param name="movable">Whether a live block may be moved at all.</param>
    /// <param name="mover">Moves one block. When it refuses, what was moved before stays where it is now.</param>
    public int TakeByMoving(uint granules, Predicate<int> movable, Mover mover)
    {
        if (FreeGranules < granules)
        {
            return None;
        }

        var index = TakeByMoving(granules, movable, mover, Quick);
        return index != None ? index : TakeByMoving(granules, movable, mover, Thorough);
    }

    private int TakeByMoving(uint granules, Predicate<int> movable, Mover mover, Effort effort)
    {
        FindWindows(granules, movable, effort);
        for (var attempt = 0; attempt < Math.Min(effort.Attempts, _windows.Count); attempt++)
        {
            // An earlier attempt has changed what lies around its own window only, and may have made this one stale.
            if (TryClear(_windows[attempt], granules, movable, mover, effort, out var index))
            {
                return index;
            }
        }

        return None;
    }

    private void FindWindows(uint granules, Predicate<int> movable, Effort effort)
    {
        _windows.Clear();
        _longestHole = LongestFree();
        var candidates = 0;
        var firsts = _firstLevel;
        while (firsts != 0 && candidates < effort.Candidates)
        {
            var first = 31 - BitOperations.LeadingZeroCount(firsts);
            firsts &= ~(1u << first);
            var seconds = _secondLevel[first];
            while (seconds != 0 && candidates < effort.Candidates)
            {
                var second = 63 - BitOperations.LeadingZeroCount(seconds);
                seconds &= ~(1UL << second);
                var index = _bins[(first * SecondLevelCount) + second];
                for (; index != None && candidates < effort.Candidates; index = At(index).NextFree)
                {
                    candidates++;
                    if (TryGrow(index, granules, movable, effort.Steps, out var window))
                    {
                        _windows.Add(window);
                    }
                }
            }
        }

        _windows.Sort(static (left, right) => left.LiveGranules.CompareTo(right.LiveGranules));
    }

    // Grows a stretch around a free block, each time over the neighbour that brings most room for what must be moved.
    private bool TryGrow(int index, uint granules, Predicate<int> movable, int steps, out Window window)
    {
        var head = index;
        var tail = index;
        var span = (ulong)At(index).Granules;
        var live = 0ul;
        for (var step = 0; span < granules && step < steps; step++)
        {
            var before = Step(At(head).Before, forward: false, movable);
            var after = Step(At(tail).After, forward: true, movable);
            var useBefore = before.Live != 0
                && (after.Live == 0 || (ulong)before.Span * after.Live > (ulong)after.Span * before.Live);
            var chosen = useBefore ? before : after;
            if (chosen.Live == 0)
            {
                break;
            }

            head = useBefore ? chosen.End : head;
            tail = useBefore ? tail : chosen.End;
            span += chosen.Span;
            live += chosen.Live;
        }

        // What is moved out needs room outside of the window.
        window = new Window(head, tail, (uint)live);
        return span >= granules && FreeGranules - (span - live) >= live;
    }

    // A live neighbour together with the free block behind it. Live is 0 where the stretch cannot grow: at the end, at
    // a block that must stay, and at one that no hole can take.
    private (int End, uint Span, uint Live) Step(int neighbour, bool forward, Predicate<int> movable)
    {
        if (neighbour == None || At(neighbour).Granules > _longestHole || !movable(neighbour))
        {
            return default;
        }

        ref var node = ref At(neighbour);
        var beyond = forward ? node.After : node.Before;
        return beyond != None && !At(beyond).IsLive
            ? (beyond, node.Granules + At(beyond).Granules, node.Granules)
            : (neighbour, node.Granules, node.Granules);
    }

    private bool TryClear(
        Window window, uint granules, Predicate<int> movable, Mover mover, Effort effort, out int index)
    {
        index = None;
        if (!IsSound(window, granules, movable, effort.Steps))
        {
            return false;
        }

        // The window's free blocks are taken first, so that nothing is moved to where it must go away from.
        _reserved.Clear();
        _inTheWay.Clear();
        for (var at = window.Head; ; at = At(at).After)
        {
            if (At(at).IsLive)
            {
                _inTheWay.Add(at);
            }
            else
            {
                Reserve(at);
            }

            if (at == window.Tail)
            {
                break;
            }
        }

        if (!TryPlace() || !TryMoveAway(mover))
        {
            GiveAll(_reserved);
            return false;
        }

        index = Unite(window, granules);
        return true;
    }

    // Whether the window still is what the search saw: its blocks in a row, long enough, the live ones movable.
    private bool IsSound(Window window, uint granules, Predicate<int> movable, int steps)
    {
        var span = 0ul;
        var at = window.Head;
        for (var step = 0; step <= 2 * steps; step++)
        {
            if (at == None || At(at).Granules == 0 || (At(at).IsLive && !movable(at)))
            {
                return false;
            }

            span += At(at).Granules;
            if (at == window.Tail)
            {
                return span >= granules;
            }

            at = At(at).After;
        }

        return false;
    }

    private void Reserve(int index)
    {
        RemoveFree(index);
        ref var node = ref At(index);
        node.Generation++;
        FreeGranules -= node.Granules;
        LiveBlocks++;
        _reserved.Add(index);
    }

    // Takes a hole for everything that is in the way, the longest first, before anything is copied.
    private bool TryPlace()
    {
        _inTheWay.Sort(_byLength);
        _targets.Clear();
        foreach (var from in _inTheWay)
        {
            var to = Take(At(from).Granules);
            if (to == None)
            {
                GiveAll(_targets);
                return false;
            }

            _targets.Add(to);
        }

        return true;
    }

    private bool TryMoveAway(Mover mover)
    {
        for (var moved = 0; moved < _inTheWay.Count; moved++)
        {
            var from = _inTheWay[moved];
            if (!mover(from, _targets[moved]))
            {
                _targets.RemoveRange(0, moved);
                GiveAll(_targets);
                return false;
            }

            // The old place changes hands without ever being free; handles to it die.
            At(from).Generation += 2;
            _reserved.Add(from);
        }

        return true;
    }

    // Makes one live block of a window all of whose blocks are reserved, and gives the excess back.
    private int Unite(Window window, uint granules)
    {
        var head = window.Head;
        var last = head;
        while (At(head).Granules < granules)
        {
            last = At(head).After;
            At(last).Generation++;
            LiveBlocks--;
            Absorb(head, last);
        }

        _reserved.Clear();
        var at = head;
        while (last != window.Tail)
        {
            at = last = At(at).After;
            _reserved.Add(at);
        }

        var excess = At(head).Granules - granules;
        if (excess > 0)
        {
            var rest = CutTail(head, excess);
            At(rest).Generation++;
            LiveBlocks++;
            _reserved.Add(rest);
        }

        GiveAll(_reserved);
        return head;
    }

    private void GiveAll(List<int> blocks)
    {
        foreach (var block in blocks)
        {
            TryGive(block, At(block).Generation);
        }
    }

    /// <summary>How hard to look for a stretch, and how often to try to clear one.</summary>
    private readonly record struct Effort(int Candidates, int Steps, int Attempts);

    private readonly record struct Window(int Head, int Tail, uint LiveGranules);
}
