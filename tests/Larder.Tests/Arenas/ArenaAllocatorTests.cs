using Larder.Cache.Arenas;

namespace Larder.Tests.Arenas;

/// <summary>The allocator against a map of what it handed out. It never touches memory, so ranges are made up.</summary>
public sealed class ArenaAllocatorTests
{
    [Fact]
    public void A_whole_range_can_be_taken_and_given_back()
    {
        var allocator = new ArenaAllocator(1000);

        var block = allocator.Take(1000);

        Assert.Equal(0u, allocator.OffsetOf(block));
        Assert.Equal(0u, allocator.FreeGranules);
        Assert.Equal(0u, allocator.LongestFree());
        Assert.Equal(ArenaAllocator.None, allocator.Take(1));
        Assert.True(allocator.TryGive(block, allocator.GenerationOf(block)));
        Assert.Equal(1000u, allocator.LongestFree());
        allocator.CheckIntegrity();
    }

    [Fact]
    public void A_block_is_given_back_only_once()
    {
        var allocator = new ArenaAllocator(100);
        var block = allocator.Take(10);
        var generation = allocator.GenerationOf(block);

        Assert.True(allocator.TryGive(block, generation));
        Assert.False(allocator.TryGive(block, generation));
        var again = allocator.Take(10);

        Assert.Equal(block, again);
        Assert.False(allocator.TryGive(again, generation));
        Assert.True(allocator.IsLive(again, allocator.GenerationOf(again)));
        allocator.CheckIntegrity();
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(2u)]
    public void Neighbours_merge_in_every_order(uint order)
    {
        var allocator = new ArenaAllocator(30);
        int[] blocks = [allocator.Take(10), allocator.Take(10), allocator.Take(10)];

        for (var turn = 0u; turn < 3; turn++)
        {
            var block = blocks[(order + (turn * 2)) % 3];
            Assert.True(allocator.TryGive(block, allocator.GenerationOf(block)));
            allocator.CheckIntegrity();
        }

        Assert.Equal(30u, allocator.LongestFree());
    }

    [Fact]
    public void A_hole_that_just_fits_is_found_although_its_bin_begins_below_the_request()
    {
        var allocator = new ArenaAllocator(100_000);
        var first = allocator.Take(99_900);
        _ = allocator.Take(100);

        allocator.TryGive(first, allocator.GenerationOf(first));

        Assert.NotEqual(ArenaAllocator.None, allocator.Take(99_900));
    }

    [Fact]
    public void Every_length_is_served_exactly_from_an_empty_range()
    {
        for (var granules = 1u; granules < 5000; granules++)
        {
            var allocator = new ArenaAllocator(5000);

            var block = allocator.Take(granules);

            Assert.Equal(granules, allocator.GranulesOf(block));
            Assert.Equal(5000 - granules, allocator.LongestFree());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_operations_keep_blocks_apart_and_lose_nothing(int seed)
    {
        var random = new Random(seed);
        var model = new Model(64 * 1024);

        for (var step = 0; step < 20_000; step++)
        {
            if (random.Next(100) < 52)
            {
                var granules = (uint)Math.Exp(random.NextDouble() * Math.Log(8000));
                model.Take(Math.Max(1, granules), moving: random.Next(3) == 0, pinnedPerMille: random.Next(4) * 250, random);
            }
            else
            {
                model.Give(random);
            }

            if (step % 500 == 0)
            {
                model.Check();
            }
        }

        Assert.True(model.Moves > 0, $"seed {seed}: nothing was ever moved");
        model.GiveAll(random);
        model.Check();
        Assert.Equal(64u * 1024, model.Allocator.LongestFree());
    }

    private sealed class Model(uint granules)
    {
        private readonly List<Owner> _owners = [];
        private readonly Dictionary<int, Owner> _byNode = [];

        // Who owns each granule: what the allocator must agree with.
        private readonly Owner?[] _map = new Owner?[granules];

        public ArenaAllocator Allocator { get; } = new(granules);

        public long Moves { get; private set; }

        public void Take(uint length, bool moving, int pinnedPerMille, Random random)
        {
            var block = Allocator.Take(length);
            if (block == ArenaAllocator.None && moving)
            {
                block = Allocator.TakeByMoving(
                    length,
                    node => _byNode.ContainsKey(node),
                    (from, to) => random.Next(1000) >= pinnedPerMille && Move(from, to));
            }

            if (block == ArenaAllocator.None)
            {
                return;
            }

            var owner = new Owner { Node = block, Generation = Allocator.GenerationOf(block), Length = length };
            Assert.Equal(length, Allocator.GranulesOf(block));
            Mark(owner, null, owner);
            _owners.Add(owner);
            _byNode[block] = owner;
        }

        public void Give(Random random)
        {
            if (_owners.Count == 0)
            {
                return;
            }

            var index = random.Next(_owners.Count);
            var owner = _owners[index];
            _owners[index] = _owners[^1];
            _owners.RemoveAt(_owners.Count - 1);
            _byNode.Remove(owner.Node);
            Mark(owner, owner, null);
            Assert.True(Allocator.TryGive(owner.Node, owner.Generation));
            Assert.False(Allocator.TryGive(owner.Node, owner.Generation));
        }

        public void GiveAll(Random random)
        {
            while (_owners.Count > 0)
            {
                Give(random);
            }
        }

        public void Check()
        {
            Allocator.CheckIntegrity();
            Assert.Equal(_owners.Count, Allocator.LiveBlocks);
            Assert.Equal((uint)_map.Count(owner => owner is null), Allocator.FreeGranules);
        }

        private bool Move(int from, int to)
        {
            var owner = _byNode[from];
            Assert.Equal(owner.Length, Allocator.GranulesOf(to));
            Mark(owner, owner, null);
            _byNode.Remove(from);
            owner.Node = to;
            owner.Generation = Allocator.GenerationOf(to);
            _byNode[to] = owner;
            Mark(owner, null, owner);
            Moves++;
            return true;
        }

        private void Mark(Owner at, Owner? before, Owner? after)
        {
            var offset = Allocator.OffsetOf(at.Node);
            for (var granule = offset; granule < offset + at.Length; granule++)
            {
                Assert.Same(before, _map[granule]);
                _map[granule] = after;
            }
        }
    }

    private sealed class Owner
    {
        public int Node { get; set; }

        public uint Generation { get; set; }

        public uint Length { get; set; }
    }
}
