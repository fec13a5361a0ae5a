namespace Larder.Cache.Arenas;

/// <content>What statistics and tests look at.</content>
internal sealed partial class ArenaAllocator
{
    /// <summary>Visits every block, free and live, from the low end to the high end.</summary>
    public void Visit(Action<int, uint, bool> visitor)
    {
        for (var index = _first; index != None; index = At(index).After)
        {
            ref var node = ref At(index);
            visitor(index, node.Granules, node.IsLive);
        }
    }

    /// <summary>Throws when the structure is not sound. Takes time in proportion to the number of blocks.</summary>
    /// <exception cref="InvalidOperationException">It is not sound.</exception>
    public void CheckIntegrity()
    {
        var offset = 0u;
        var free = 0u;
        var live = 0;
        var freeBlocks = 0;
        var before = None;
        for (var index = _first; index != None; index = At(index).After)
        {
            ref var node = ref At(index);
            Require(node.Offset == offset, $"block {index} begins at {node.Offset}, not {offset}");
            Require(node.Granules > 0, $"block {index} is spare but linked");
            Require(node.Before == before, $"block {index} has {node.Before} before it, not {before}");
            Require(node.IsLive || before == None || At(before).IsLive, $"free blocks {before} and {index} touch");
            live += node.IsLive ? 1 : 0;
            freeBlocks += node.IsLive ? 0 : 1;
            free += node.IsLive ? 0 : node.Granules;
            offset += node.Granules;
            before = index;
        }

        Require(offset == Granules, $"the blocks cover {offset} of {Granules} granules");
        Require(free == FreeGranules, $"{free} granules are free, {FreeGranules} are counted");
        Require(live == LiveBlocks, $"{live} blocks live, {LiveBlocks} are counted");
        Require(CountBins() == freeBlocks, $"the bins do not hold the {freeBlocks} free blocks");
        var spare = 0;
        for (var index = _spare; index != None; index = At(index).NextFree)
        {
            Require(!At(index).IsLive && At(index).Granules == 0, $"node {index} is in use but spare");
            spare++;
        }

        Require(spare + live + freeBlocks == _nodes, "nodes are lost");
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"The arena's bookkeeping is not sound: {otherwise}.");
        }
    }

    private int CountBins()
    {
        var count = 0;
        for (var first = 0; first < FirstLevelCount; first++)
        {
            Require((_firstLevel >> first & 1) == (_secondLevel[first] == 0 ? 0u : 1u), $"row {first} is marked wrongly");
            for (var second = 0; second < SecondLevelCount; second++)
            {
                var head = _bins[(first * SecondLevelCount) + second];
                Require((_secondLevel[first] >> second & 1) == (head == None ? 0u : 1u), $"bin {first}/{second} is marked wrongly");
                for (var index = head; index != None; index = At(index).NextFree)
                {
                    Require(!At(index).IsLive && BinOf(At(index).Granules) == (first, second), $"block {index} is in a wrong bin");
                    count++;
                }
            }
        }

        return count;
    }
}
