using Larder.Cache;
using Larder.Cache.Arenas;
using Larder.Cache.Memory;

namespace Larder.Tests.Arenas;

public sealed class ArenaTests
{
    private const int Mebibyte = 1024 * 1024;

    [Fact]
    public void The_whole_region_is_in_memory_from_the_start()
    {
        using var arena = Create(16 * Mebibyte);

        var commitment = arena.GetCommitment();

        Assert.Equal(16 * Mebibyte, commitment.SizeBytes);
        Assert.Equal(commitment.SizeBytes, commitment.ResidentBytes);
        Assert.True(commitment.IsCommitted);
        Assert.Equal(0, commitment.SwappedBytes);
        Assert.True(arena.GetStatistics().StartTime > TimeSpan.Zero);
    }

    [Fact]
    public void First_and_last_byte_can_be_used()
    {
        using var arena = Create(Mebibyte);
        Assert.True(arena.TryAllocate(Mebibyte, out var block));

        var bytes = arena.GetSpan(block);
        bytes[0] = 1;
        bytes[^1] = 2;

        Assert.Equal(1, arena.GetMemory(block).Span[0]);
        Assert.Equal(2, arena.GetMemory(block).Span[^1]);
        Assert.Equal(0, block.Offset);
        Assert.Equal(Mebibyte, block.Length);
    }

    [Fact]
    public void Address_and_size_do_not_change_with_use()
    {
        using var arena = Create(4 * Mebibyte);
        var address = arena.Address;
        var blocks = new List<ArenaBlock>();

        while (arena.TryAllocate(100_000, out var block))
        {
            blocks.Add(block);
        }

        blocks.ForEach(arena.Free);
        Assert.Equal(address, arena.Address);
        Assert.Equal(address, arena.GetStatistics().Address);
        Assert.Equal(0, address % (2 * Mebibyte));
        Assert.Equal(4 * Mebibyte, arena.SizeBytes);
        Assert.Equal(4 * Mebibyte, arena.GetStatistics().LargestFreeBytes);
    }

    [Fact]
    public void Blocks_do_not_overlap_and_are_aligned()
    {
        using var arena = Create(Mebibyte);
        var blocks = new List<ArenaBlock>();
        for (var length = 0; arena.TryAllocate(length, out var block); length++)
        {
            Assert.Equal(0, block.Offset % Arena.GranuleBytes);
            arena.GetSpan(block).Fill((byte)length);
            blocks.Add(block);
        }

        Assert.All(blocks, block => Assert.False(arena.GetSpan(block).ContainsAnyExcept((byte)block.Length)));
        arena.CheckIntegrity();
    }

    [Fact]
    public void A_block_freed_twice_is_detected_and_counted()
    {
        using var arena = Create(Mebibyte);
        arena.TryAllocate(1000, out var block);
        arena.Free(block);

        Assert.Throws<InvalidOperationException>(() => arena.Free(block));
        arena.TryAllocate(1000, out var next);
        Assert.Throws<InvalidOperationException>(() => arena.Free(block));

        Assert.True(arena.IsLive(next));
        Assert.Equal(2, arena.GetStatistics().InvalidFrees);
        Assert.Throws<InvalidOperationException>(() => arena.Free(default));
    }

    [Fact]
    public void With_guards_an_overrun_is_found_and_the_block_is_never_used_again()
    {
        using var arena = new Arena(new ArenaOptions { SizeBytes = Mebibyte, Guards = true });
        arena.TryAllocate(100, out var block);
        arena.TryAllocate(100, out var sound);

        unsafe
        {
            ((byte*)arena.Address)[block.Offset + block.Length] = 7;
        }

        var exception = Assert.Throws<CacheException>(() => arena.Free(block));
        Assert.Equal(CacheErrorKind.Damaged, exception.Kind);
        arena.Free(sound);
        Assert.Equal(1, arena.GetStatistics().DamagedBlocks);
        Assert.Equal(1, arena.GetStatistics().LiveBlocks);
        arena.CheckIntegrity();
    }

    [Fact]
    public void With_guards_freed_bytes_are_overwritten()
    {
        using var arena = new Arena(new ArenaOptions { SizeBytes = Mebibyte, Guards = true });
        arena.TryAllocate(100, out var block);
        arena.GetSpan(block).Fill(1);

        arena.Free(block);

        Assert.False(arena.GetSpan(block).ContainsAnyExcept((byte)0xDD));
    }

    [Fact]
    public void Statistics_add_up()
    {
        using var arena = Create(Mebibyte);
        arena.TryAllocate(1, out var small);
        arena.TryAllocate(65, out _);
        arena.TryAllocate(100_000, out var large);
        arena.Free(large);
        Assert.False(arena.TryAllocate(2 * Mebibyte, out _));

        var statistics = arena.GetStatistics();

        Assert.Equal(3, statistics.Allocations);
        Assert.Equal(1, statistics.Frees);
        Assert.Equal(1, statistics.Refusals);
        Assert.Equal(0, statistics.FragmentedRefusals);
        Assert.Equal(66, statistics.RequestedBytes);
        Assert.Equal(64 + 128, statistics.UsedBytes);
        Assert.Equal(2, statistics.LiveBlocks);
        Assert.Equal(1 - (66.0 / 192), statistics.InternalFragmentation, 6);
        Assert.Equal(0, statistics.ExternalFragmentation);
        Assert.Equal(statistics.UsedBytes, statistics.SizeClasses.Sum(found => found.LiveBytes));
        Assert.Equal(statistics.FreeBytes, statistics.SizeClasses.Sum(found => found.FreeBytes));
        Assert.Equal(statistics.FreeBlocks, statistics.SizeClasses.Sum(found => found.FreeBlocks));
        arena.Free(small);
    }

    [Fact]
    public void A_closed_arena_keeps_its_bytes_until_the_last_block_is_freed()
    {
        var arena = Create(Mebibyte);
        arena.TryAllocate(1000, out var block);
        arena.GetSpan(block).Fill(9);
        var memory = arena.GetMemory(block);

        arena.Dispose();

        Assert.Throws<ObjectDisposedException>(() => arena.TryAllocate(1, out _));
        Assert.False(memory.Span.ContainsAnyExcept((byte)9));
        arena.Free(block);
        Assert.Throws<ObjectDisposedException>(() => memory.Span[0]);
        Assert.Throws<ObjectDisposedException>(() => arena.GetCommitment());
    }

    [Theory]
    [InlineData(ArenaHugePages.System)]
    [InlineData(ArenaHugePages.Advise)]
    [InlineData(ArenaHugePages.Never)]
    public void Every_huge_page_policy_gives_a_committed_region(ArenaHugePages policy)
    {
        using var arena = new Arena(new ArenaOptions { SizeBytes = 8 * Mebibyte, HugePages = policy });

        var commitment = arena.GetCommitment();

        Assert.True(commitment.IsCommitted);
        if (policy == ArenaHugePages.Never)
        {
            Assert.Equal(0, commitment.HugePageBytes);
        }
    }

    [Fact]
    public void A_numa_node_that_the_machine_has_not_stops_the_start()
    {
        var exception = Assert.Throws<CacheException>(() =>
            new Arena(new ArenaOptions { SizeBytes = Mebibyte, NumaNode = 63 }));

        Assert.Equal(CacheErrorKind.Unavailable, exception.Kind);
        Assert.Contains("NUMA node 63", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Placement_covers_the_region_where_the_kernel_tells_it()
    {
        using var arena = Create(4 * Mebibyte);

        var nodes = arena.GetCommitment().Nodes;

        Assert.SkipWhen(nodes.Count == 0, "The kernel does not say on which node a page is.");
        Assert.InRange(nodes.Sum(node => node.Bytes), arena.SizeBytes - nodes.Count, arena.SizeBytes);
        Assert.All(nodes, node => Assert.Contains(node.Node, MachineMemory.OfThisMachine.ReadNumaNodes()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ArenaOptions.MinSizeBytes - 1)]
    [InlineData(ArenaOptions.MaxSizeBytes + 1)]
    public void A_size_out_of_range_is_a_configuration_error(long size)
    {
        var exception = Assert.Throws<CacheException>(() => new Arena(new ArenaOptions { SizeBytes = size }));

        Assert.Equal(CacheErrorKind.Configuration, exception.Kind);
    }

    [Fact]
    public void A_node_and_interleaving_exclude_each_other()
    {
        var exception = Assert.Throws<CacheException>(() =>
            new Arena(new ArenaOptions { SizeBytes = Mebibyte, NumaNode = 0, NumaInterleave = true }));

        Assert.Equal(CacheErrorKind.Configuration, exception.Kind);
    }

    [Fact]
    public void A_scattered_region_serves_a_long_block_by_moving_what_may_be_moved()
    {
        using var arena = new Arena(new ArenaOptions { SizeBytes = Mebibyte, Guards = true });
        var tenants = FillEveryOther(arena);

        Assert.True(arena.TryAllocate(300_000, out var block));

        arena.GetSpan(block).Fill(0xEE);
        Assert.All(tenants, tenant => tenant.Check());
        var statistics = arena.GetStatistics();
        Assert.Equal(1, statistics.Compactions);
        Assert.True(statistics.Moves > 0);
        Assert.All(tenants, tenant => Assert.Equal(0, tenant.Pins));
        arena.CheckIntegrity();
        tenants.ForEach(tenant => arena.Free(tenant.Block));
        arena.Free(block);
        Assert.Equal(Mebibyte, arena.GetStatistics().LargestFreeBytes);
    }

    [Fact]
    public void Blocks_that_are_read_or_have_no_owner_are_not_moved()
    {
        using var arena = Create(Mebibyte);
        var tenants = FillEveryOther(arena);
        tenants.ForEach(tenant => tenant.Refuses = true);

        Assert.False(arena.TryAllocate(300_000, out _));

        Assert.All(tenants, tenant => tenant.Check());
        Assert.Equal(1, arena.GetStatistics().FragmentedRefusals);
        Assert.Equal(0, arena.GetStatistics().Moves);
        arena.CheckIntegrity();
    }

    [Fact]
    public void Threads_that_allocate_write_and_free_never_see_each_others_bytes()
    {
        using var arena = new Arena(new ArenaOptions { SizeBytes = 4 * Mebibyte, Guards = true });
        var seed = Environment.TickCount;
        var failures = new List<Exception>();
        var threads = Enumerable.Range(0, 4).Select(number => new Thread(() =>
        {
            try
            {
                Hammer(arena, new Random(seed + number), (byte)(number + 1));
            }
            catch (Exception exception)
            {
                lock (failures)
                {
                    failures.Add(exception);
                }
            }
        })).ToList();

        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.True(failures.Count == 0, $"seed {seed}: {string.Join("; ", failures)}");
        arena.CheckIntegrity();
        Assert.Equal(0, arena.GetStatistics().LiveBlocks);
        Assert.Equal(0, arena.GetStatistics().RequestedBytes);
    }

    private static void Hammer(Arena arena, Random random, byte mark)
    {
        var blocks = new Queue<ArenaBlock>();
        for (var turn = 0; turn < 5000; turn++)
        {
            if (arena.TryAllocate(random.Next(20_000), out var block))
            {
                arena.GetSpan(block).Fill(mark);
                blocks.Enqueue(block);
            }

            if (blocks.Count > 40)
            {
                Release(arena, blocks.Dequeue(), mark);
            }
        }

        while (blocks.TryDequeue(out var block))
        {
            Release(arena, block, mark);
        }
    }

    private static void Release(Arena arena, ArenaBlock block, byte mark)
    {
        Assert.False(arena.GetSpan(block).ContainsAnyExcept(mark));
        arena.Free(block);
    }

    private static Arena Create(long size) => new(new ArenaOptions { SizeBytes = size });

    private static List<Tenant> FillEveryOther(Arena arena)
    {
        var all = new List<Tenant>();
        while (arena.TryAllocate(10_000, out var block))
        {
            all.Add(new Tenant(arena, block, (byte)all.Count));
        }

        foreach (var tenant in all.Where((_, index) => index % 2 == 0))
        {
            arena.Free(tenant.Block);
        }

        return [.. all.Where((_, index) => index % 2 == 1)];
    }

    private sealed class Tenant : IArenaTenant
    {
        private readonly Arena _arena;
        private readonly byte _mark;

        public Tenant(Arena arena, ArenaBlock block, byte mark)
        {
            _arena = arena;
            _mark = mark;
            Block = block;
            arena.GetSpan(block).Fill(mark);
            arena.Attach(block, this);
        }

        public ArenaBlock Block { get; private set; }

        public bool Refuses { get; set; }

        public int Pins { get; private set; }

        public bool IsMovable => true;

        public bool TryPin()
        {
            Pins += Refuses ? 0 : 1;
            return !Refuses;
        }

        public bool TryMove(ArenaBlock destination)
        {
            Block = destination;
            return true;
        }

        public void Unpin() => Pins--;

        public void Check()
        {
            Assert.True(_arena.IsLive(Block));
            Assert.False(_arena.GetSpan(Block).ContainsAnyExcept(_mark));
        }
    }
}
