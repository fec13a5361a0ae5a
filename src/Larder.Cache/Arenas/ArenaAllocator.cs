using System.Diagnostics;
using System.Numerics;

namespace Larder.Cache.Arenas;

/// <summary>
/// Divides a range of granules into blocks: a two-level segregated fit (TLSF) whose bookkeeping lies outside of the
/// range that it divides.
/// </summary>
/// <remarks>
/// <para>Every granule belongs to exactly one block, free or live. A block is a node in a table; nodes are linked to
/// their neighbours by position, and free nodes also to the other free blocks of their bin. Taking a block and giving
/// it back touch a fixed number of nodes, whatever the range holds: two bitmaps find the smallest bin with a fitting
/// block, the rest of that block stays free, and a block that is given back merges with free neighbours at once, so
/// two free blocks never touch.</para>
/// <para>Bins: sizes below 128 granules have a bin each; above, each power of two is divided into 64. A request is
/// first served from bins all of whose blocks fit; before refusing, a bounded number of blocks of the request's own
/// bin is looked at, which may fit too.</para>
/// <para>The range itself is never read or written here, so a writer that overruns its block cannot damage this
/// structure. Single-threaded: the owner locks.</para>
/// <para>Sources: Masmano, Ripoll, Crespo, Real, "TLSF: a New Dynamic Memory Allocator for Real-Time Systems" (ECRTS
/// 2004); Wilson, Johnstone, Neely, Boles, "Dynamic Storage Allocation: A Survey and Critical Review" (1995), on why
/// immediate coalescing with a good fit fragments little.</para>
/// </remarks>
internal sealed partial class ArenaAllocator
{
    /// <summary>What is handed out for a refusal.</summary>
    public const int None = -1;

    private const int SecondLevelBits = 6;
    private const int SecondLevelCount = 1 << SecondLevelBits;
    private const int FirstLevelCount = 32 - SecondLevelBits + 1;
    private const int PageShift = 11;
    private const int PageNodes = 1 << PageShift;

    // How many blocks of a request's own bin are looked at before it is refused.
    private const int OwnBinProbes = 32;

    private readonly ulong[] _secondLevel = new ulong[FirstLevelCount];
    private readonly int[] _bins = new int[FirstLevelCount * SecondLevelCount];
    private readonly int _first;

    // The node table grows by whole pages, so that growing never moves a node and never stops the world for long.
    private Node[][] _pages = [];
    private int _nodes;
    private int _spare = None;
    private uint _firstLevel;

    /// <summary>Creates an allocator over an empty range.</summary>
    /// <param name="granules">Length of the range; 1 or more.</param>
    public ArenaAllocator(uint granules)
    {
        ArgumentOutOfRangeException.ThrowIfZero(granules);
        Granules = granules;
        FreeGranules = granules;
        _byLength = (left, right) => At(right).Granules.CompareTo(At(left).Granules);
        Array.Fill(_bins, None);
        _first = NewNode();
        ref var node = ref At(_first);
        node.Granules = granules;
        node.Before = None;
        node.After = None;
        AddFree(_first);
    }

    /// <summary>Length of the range.</summary>
    public uint Granules { get; }

    /// <summary>Granules in no live block.</summary>
    public uint FreeGranules { get; private set; }

    /// <summary>Live blocks.</summary>
    public int LiveBlocks { get; private set; }

    /// <summary>Bytes that the bookkeeping takes on the managed heap.</summary>
    public long BookkeepingBytes => ((long)_pages.Length * PageNodes * Node.Size) + (_bins.Length * sizeof(int));

    /// <summary>Takes a block of exactly <paramref name="granules"/>; <see cref="None"/> when no free block is long enough.</summary>
    /// <returns>The number of the block's node.</returns>
    public int Take(uint granules)
    {
        Debug.Assert(granules > 0, "An empty block is not a block.");
        var index = Find(granules);
        if (index == None)
        {
            return None;
        }

        RemoveFree(index);
        ref var node = ref At(index);
        if (node.Granules > granules)
        {
            AddFree(CutTail(index, node.Granules - granules));
        }

        node.Generation++;
        FreeGranules -= granules;
        LiveBlocks++;
        return index;
    }

    /// <summary>Gives a block back and merges it with its free neighbours.</summary>
    /// <returns>False when the block was given back already: nothing has changed.</returns>
    public bool TryGive(int index, uint generation)
    {
        if (!IsLive(index, generation))
        {
            return false;
        }

        ref var node = ref At(index);
        node.Generation++;
        FreeGranules += node.Granules;
        LiveBlocks--;
        var after = node.After;
        if (after != None && !At(after).IsLive)
        {
            RemoveFree(after);
            Absorb(index, after);
        }

        var before = node.Before;
        if (before != None && !At(before).IsLive)
        {
            RemoveFree(before);
            Absorb(before, index);
            index = before;
        }

        AddFree(index);
        return true;
    }

    /// <summary>Whether the block was taken at that generation and not given back since.</summary>
    public bool IsLive(int index, uint generation) =>
        (uint)index < (uint)_nodes && (generation & 1) == 1 && At(index).Generation == generation;

    /// <summary>Where a block begins, in granules.</summary>
    public uint OffsetOf(int index) => At(index).Offset;

    /// <summary>How long a block is, in granules.</summary>
    public uint GranulesOf(int index) => At(index).Granules;

    /// <summary>The number to give back a live block with: odd while it lives, another each time its node is reused.</summary>
    public uint GenerationOf(int index) => At(index).Generation;

    /// <summary>The longest free block, in granules; looks through one bin.</summary>
    public uint LongestFree()
    {
        if (_firstLevel == 0)
        {
            return 0;
        }

        var first = 31 - BitOperations.LeadingZeroCount(_firstLevel);
        var second = 63 - BitOperations.LeadingZeroCount(_secondLevel[first]);
        var longest = 0u;
        for (var index = _bins[(first * SecondLevelCount) + second]; index != None; index = At(index).NextFree)
        {
            longest = Math.Max(longest, At(index).Granules);
        }

        return longest;
    }

    private static (int First, int Second) BinOf(uint granules)
    {
        if (granules < SecondLevelCount)
        {
            return (0, (int)granules);
        }

        var log = BitOperations.Log2(granules);
        return (log - SecondLevelBits + 1, (int)(granules >> (log - SecondLevelBits)) & (SecondLevelCount - 1));
    }

    private int Find(uint granules)
    {
        // Rounding up to the next bin's lower bound makes every block of the bins from there on fit.
        var rounded = (ulong)granules;
        if (granules >= SecondLevelCount)
        {
            rounded += (1u << (BitOperations.Log2(granules) - SecondLevelBits)) - 1;
        }

        var found = rounded <= uint.MaxValue ? FirstInBins((uint)rounded) : None;
        return found != None ? found : FitInOwnBin(granules);
    }

    private int FirstInBins(uint granules)
    {
        var (first, second) = BinOf(granules);
        var seconds = _secondLevel[first] & (ulong.MaxValue << second);
        if (seconds == 0)
        {
            var firsts = first + 1 < 32 ? _firstLevel & (uint.MaxValue << (first + 1)) : 0;
            if (firsts == 0)
            {
                return None;
            }

            first = BitOperations.TrailingZeroCount(firsts);
            seconds = _secondLevel[first];
        }

        return _bins[(first * SecondLevelCount) + BitOperations.TrailingZeroCount(seconds)];
    }

    private int FitInOwnBin(uint granules)
    {
        var (first, second) = BinOf(granules);
        var index = _bins[(first * SecondLevelCount) + second];
        for (var probe = 0; index != None && probe < OwnBinProbes; probe++)
        {
            ref var node = ref At(index);
            if (node.Granules >= granules)
            {
                return index;
            }

            index = node.NextFree;
        }

        return None;
    }

    // Makes a block of the last granules of another; the caller says what both are.
    private int CutTail(int index, uint granules)
    {
        var tail = NewNode();
        ref var low = ref At(index);
        ref var high = ref At(tail);
        low.Granules -= granules;
        high.Granules = granules;
        high.Offset = low.Offset + low.Granules;
        high.Before = index;
        high.After = low.After;
        if (high.After != None)
        {
            At(high.After).Before = tail;
        }

        low.After = tail;
        return tail;
    }

    // Joins a block with the one behind it, whose node becomes spare.
    private void Absorb(int index, int after)
    {
        ref var node = ref At(index);
        ref var gone = ref At(after);
        node.Granules += gone.Granules;
        node.After = gone.After;
        if (gone.After != None)
        {
            At(gone.After).Before = index;
        }

        gone.Granules = 0;
        gone.NextFree = _spare;
        _spare = after;
    }

    private void AddFree(int index)
    {
        ref var node = ref At(index);
        var (first, second) = BinOf(node.Granules);
        ref var head = ref _bins[(first * SecondLevelCount) + second];
        node.NextFree = head;
        node.PreviousFree = None;
        if (head != None)
        {
            At(head).PreviousFree = index;
        }

        head = index;
        _secondLevel[first] |= 1UL << second;
        _firstLevel |= 1u << first;
    }

    private void RemoveFree(int index)
    {
        ref var node = ref At(index);
        if (node.NextFree != None)
        {
            At(node.NextFree).PreviousFree = node.PreviousFree;
        }

        if (node.PreviousFree != None)
        {
            At(node.PreviousFree).NextFree = node.NextFree;
            return;
        }

        var (first, second) = BinOf(node.Granules);
        _bins[(first * SecondLevelCount) + second] = node.NextFree;
        if (node.NextFree == None)
        {
            _secondLevel[first] &= ~(1UL << second);
            if (_secondLevel[first] == 0)
            {
                _firstLevel &= ~(1u << first);
            }
        }
    }

    // A spare node keeps its generation, which is even, so that old handles to it stay dead.
    private int NewNode()
    {
        if (_spare != None)
        {
            var spare = _spare;
            _spare = At(spare).NextFree;
            return spare;
        }

        if (_nodes == _pages.Length * PageNodes)
        {
            Array.Resize(ref _pages, _pages.Length + 1);
            _pages[^1] = new Node[PageNodes];
        }

        return _nodes++;
    }

    private ref Node At(int index) => ref _pages[index >> PageShift][index & (PageNodes - 1)];

    private struct Node
    {
        public const int Size = 7 * sizeof(uint);

        public uint Offset;

        // 0 marks a spare node.
        public uint Granules;
        public uint Generation;

        // Neighbours by position.
        public int Before;
        public int After;

        // Neighbours in the bin; NextFree also chains spare nodes.
        public int NextFree;
        public int PreviousFree;

        public readonly bool IsLive => (Generation & 1) == 1;
    }
}
