using System.Collections.Concurrent;
using Larder.Cache;
using Larder.Cache.Arenas;

namespace Larder.Tests.Arenas;

/// <summary>
/// The promises of a preallocated region. There is one for the process, so that these tests share it and ask alike.
/// </summary>
[Collection(PreallocatedRegion.Name)]
public sealed class ArenaPreallocationTests
{
    private static readonly ArenaOptions Options = new() { SizeBytes = 8 * 1024 * 1024 };

    [Fact]
    public void Preallocation_gives_a_committed_region_of_the_size_asked_for()
    {
        var arena = Arena.EnsurePreallocated(Options);

        Assert.Equal(Options.SizeBytes, arena.SizeBytes);
        Assert.True(arena.GetCommitment().IsCommitted);
        Assert.Same(arena, Arena.Preallocated);
    }

    [Fact]
    public void It_does_not_matter_whether_the_cache_was_used_before()
    {
        var before = Arena.EnsurePreallocated(Options);
        var address = before.Address;
        Assert.True(before.TryAllocate(100_000, out var block));

        var after = Arena.EnsurePreallocated(Options);

        Assert.Equal(address, after.Address);
        Assert.Equal(before.SizeBytes, after.SizeBytes);
        after.Free(block);
    }

    [Fact]
    public void Many_calls_are_one()
    {
        var arenas = Enumerable.Range(0, 1000).Select(_ => Arena.EnsurePreallocated(Options)).ToList();

        Assert.Single(arenas.Distinct());
        Assert.Single(arenas.Select(arena => arena.Address).Distinct());
    }

    [Fact]
    public void Concurrent_callers_get_one_region()
    {
        var seen = new ConcurrentBag<(Arena Arena, nint Address, long Size)>();
        using var start = new Barrier(8);
        var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            var arena = Arena.EnsurePreallocated(Options);
            seen.Add((arena, arena.Address, arena.SizeBytes));
        })).ToList();

        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Equal(8, seen.Count);
        Assert.Single(seen.Distinct());
    }

    [Fact]
    public void Another_size_is_refused_and_the_region_stays_as_it_is()
    {
        var arena = Arena.EnsurePreallocated(Options);

        var exception = Assert.Throws<CacheException>(() =>
            Arena.EnsurePreallocated(Options with { SizeBytes = 2 * Options.SizeBytes }));

        Assert.Equal(CacheErrorKind.Configuration, exception.Kind);
        Assert.Equal(Options.SizeBytes, arena.SizeBytes);
        Assert.Same(arena, Arena.EnsurePreallocated(Options));
    }

    [Fact]
    public void The_region_outlives_a_dispose()
    {
        var arena = Arena.EnsurePreallocated(Options);

        arena.Dispose();

        Assert.True(arena.TryAllocate(10, out var block));
        arena.Free(block);
        Assert.True(arena.GetCommitment().IsCommitted);
    }

    [Fact]
    public void A_group_limit_stops_the_start_with_a_sentence_that_names_it()
    {
        using var machine = new FakeMachine();
        machine.Write("proc/self/cgroup", "0::/pod");
        machine.Write("sys/fs/cgroup/pod/memory.max", "1073741824");
        machine.Write("sys/fs/cgroup/pod/memory.current", "900000000");

        var exception = Assert.Throws<CacheException>(() => new Arena(new ArenaOptions(), machine.Memory));

        Assert.Equal(CacheErrorKind.Unavailable, exception.Kind);
        Assert.Contains("1 GiB", exception.Message, StringComparison.Ordinal);
        Assert.Contains("sys/fs/cgroup/pod", exception.Message, StringComparison.Ordinal);
        Assert.Contains("858.3 MiB are in use", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("proc/meminfo", "MemTotal: 2048000 kB\nMemAvailable: 500000 kB", "MemAvailable")]
    [InlineData("sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "268435456", "memory/pod")]
    [InlineData("proc/self/limits", "Max address space         268435456            unlimited            bytes", "ulimit -v")]
    [InlineData("proc/sys/vm/overcommit_memory", "2", "overcommit")]
    public void Every_limit_of_the_machine_is_looked_at_before_memory_is_taken(string file, string content, string named)
    {
        using var machine = new FakeMachine();
        machine.Write("proc/self/cgroup", "4:memory:/pod");
        machine.Write("sys/fs/cgroup/memory/pod/memory.usage_in_bytes", "1000");
        machine.Write("proc/meminfo", "MemAvailable: 64000000 kB\nCommitLimit: 1000000 kB\nCommitted_AS: 900000 kB");
        machine.Write("proc/self/status", "VmSize:    4000 kB");
        machine.Write(file, content);

        var exception = Assert.Throws<CacheException>(() => new Arena(new ArenaOptions(), machine.Memory));

        Assert.Equal(CacheErrorKind.Unavailable, exception.Kind);
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_preallocation_leaves_nothing_behind_and_may_be_tried_again()
    {
        using var machine = new FakeMachine();
        machine.Write("proc/meminfo", "MemAvailable: 100 kB");
        var options = Options with { SizeBytes = 64L * 1024 * 1024 };

        Assert.Throws<CacheException>(() => new Arena(options, machine.Memory));
        machine.Write("proc/meminfo", "MemAvailable: 1000000 kB");
        using var arena = new Arena(options, machine.Memory);

        Assert.True(arena.GetCommitment().IsCommitted);
    }
}
