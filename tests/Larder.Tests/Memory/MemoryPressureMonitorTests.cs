using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Tests.Arenas;
using Larder.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Memory;

public sealed class MemoryPressureMonitorTests
{
    private const int Mebibyte = 1024 * 1024;

    [Fact]
    public async Task Nothing_is_given_up_while_memory_is_ample()
    {
        await using var bed = new Bed();
        bed.Use(0.5);

        bed.Look(10);

        Assert.Equal(Mebibyte, bed.Tier.CapacityBytes);
        Assert.False(bed.Monitor.State.IsShort);
        Assert.Equal(0.5, bed.Monitor.State.Ratio, 2);
        Assert.Equal(0, bed.Tier.GetStatistics().Kinds.Single().Evicted);
    }

    [Theory]
    [InlineData("sys/fs/cgroup/pod/memory.max")]
    [InlineData("sys/fs/cgroup/pod/memory.high")]
    public async Task A_full_group_takes_five_percent_a_look_and_twenty_in_all(string limit)
    {
        await using var bed = new Bed(limit);
        bed.Use(0.95);

        var capacities = Enumerable.Range(0, 7).Select(_ => bed.LookOnce()).ToList();

        Assert.Equal([0.95, 0.90, 0.85, 0.80, 0.80, 0.80, 0.80], capacities.Select(bytes => Math.Round((double)bytes / Mebibyte, 3)));
        Assert.True(bed.Monitor.State.IsShort);
        Assert.Contains("control group", bed.Monitor.State.Reason, StringComparison.Ordinal);
        Assert.Equal(Mebibyte - bed.Tier.CapacityBytes, bed.Tier.WithheldBytes);
        TierKit.CheckBooks(bed.Tier);
    }

    [Fact]
    public async Task What_goes_for_pressure_is_reported_as_pressure()
    {
        await using var bed = new Bed();
        var reasons = new List<RemovalReason>();
        bed.Tier.Removed = (_, _, _, reason) => reasons.Add(reason);
        bed.Use(0.95);

        bed.Look(4);

        Assert.NotEmpty(reasons);
        Assert.All(reasons, reason => Assert.Equal(RemovalReason.Pressure, reason));
    }

    [Fact]
    public async Task Between_the_marks_nothing_changes_and_below_capacity_comes_back_slowly()
    {
        await using var bed = new Bed();
        bed.Use(0.95);
        bed.Look(4);

        bed.Use(0.90);
        bed.Look(5);
        Assert.Equal(0.80, Math.Round((double)bed.Tier.CapacityBytes / Mebibyte, 3));
        bed.Use(0.50);
        Assert.Equal(0.81, Math.Round((double)bed.LookOnce() / Mebibyte, 3));
        bed.Look(18);
        Assert.Equal(0.99, Math.Round((double)bed.Tier.CapacityBytes / Mebibyte, 3));
        bed.Look(5);

        Assert.Equal(Mebibyte, bed.Tier.CapacityBytes);
        Assert.Equal(0, bed.Tier.WithheldBytes);
    }

    [Theory]
    [InlineData("sys/fs/cgroup/pod/memory.pressure")]
    [InlineData("proc/pressure/memory")]
    public async Task Tasks_that_wait_for_memory_are_pressure_too(string file)
    {
        await using var bed = new Bed();
        bed.Use(0.1);
        bed.Machine.Write(file, "some avg10=25.50 avg60=1.00 avg300=0.10 total=1000\nfull avg10=0.00 avg60=0 avg300=0 total=0");

        bed.Look(1);

        Assert.True(bed.Monitor.State.IsShort);
        Assert.Equal(25.5, bed.Monitor.State.StallPercent);
        Assert.True(bed.Tier.CapacityBytes < Mebibyte);
    }

    [Fact]
    public async Task Version_1_groups_the_machine_and_the_collector_are_looked_at()
    {
        await using var bed = new Bed();
        bed.Use(0.1);
        bed.Machine.Write("proc/self/cgroup", "4:memory:/pod");
        bed.Machine.Write("sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "1000000");
        bed.Machine.Write("sys/fs/cgroup/memory/pod/memory.usage_in_bytes", "970000");
        bed.Look(1);
        Assert.True(bed.Monitor.State.IsShort);

        // File pages that can be dropped are not used memory.
        bed.Machine.Write("sys/fs/cgroup/memory/pod/memory.stat", "cache 1\ntotal_inactive_file 500000");
        bed.Look(1);
        Assert.False(bed.Monitor.State.IsShort);

        bed.Machine.Write("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 10 kB");
        bed.Look(1);
        Assert.Contains("the machine", bed.Monitor.State.Reason, StringComparison.Ordinal);
        Assert.True(bed.Monitor.State.IsShort);

        bed.Machine.Delete("proc/meminfo");
        bed.Collector = new MemoryUsage(99, 100, "the collector");
        bed.Look(1);
        Assert.Contains("the collector", bed.Monitor.State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unlimited_groups_and_missing_files_are_no_pressure()
    {
        await using var bed = new Bed();
        bed.Machine.Write("sys/fs/cgroup/pod/memory.max", "max");
        bed.Machine.Write("sys/fs/cgroup/pod/memory.current", "nonsense");

        bed.Look(3);

        Assert.False(bed.Monitor.State.IsShort);
        Assert.Equal(-1, bed.Monitor.State.StallPercent);
        Assert.Equal(Mebibyte, bed.Tier.CapacityBytes);
    }

    [Fact]
    public async Task A_tier_on_an_arena_is_watched_but_keeps_its_entries()
    {
        using var tier = TierKit.Create(Mebibyte, arena: true);
        tier.Put(TierKit.Key(1), new byte[1000], ArtifactWriter.AsWritten);
        using var machine = new FakeMachine();
        machine.Write("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 10 kB");
        await using var monitor = new MemoryPressureMonitor(
            tier, new MemoryPressureOptions(), NullLogger.Instance, new ManualTimeProvider(), machine.Memory, () => default);
        var capacity = tier.CapacityBytes;

        monitor.Look();

        Assert.True(monitor.State.IsShort);
        Assert.Equal(capacity, tier.CapacityBytes);
        Assert.True(tier.Contains(TierKit.Key(1)));
    }

    [Fact]
    public async Task The_clock_drives_the_looks_and_disposing_ends_them_and_gives_back()
    {
        var bed = new Bed();
        bed.Use(0.95);

        bed.Time.Advance(TimeSpan.FromSeconds(1));
        await bed.WaitForLooksAsync(1);
        Assert.True(bed.Tier.CapacityBytes < Mebibyte);

        await bed.Monitor.DisposeAsync();
        bed.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, bed.Monitor.State.Looks);
        Assert.Equal(Mebibyte, bed.Tier.CapacityBytes);
        await bed.Monitor.DisposeAsync();
        await bed.DisposeAsync();
    }

    [Fact]
    public async Task A_look_that_fails_does_not_end_the_loop()
    {
        await using var bed = new Bed();
        bed.Use(0.95);
        bed.CollectorFails = true;
        bed.Time.Advance(TimeSpan.FromSeconds(1));
        await bed.WaitForCollectorAsync();
        bed.CollectorFails = false;

        bed.Time.Advance(TimeSpan.FromSeconds(1));

        await bed.WaitForLooksAsync(1);
        Assert.True(bed.Monitor.State.IsShort);
    }

    [Fact]
    public async Task Options_out_of_range_are_refused()
    {
        await using var bed = new Bed();

        Assert.Throws<CacheException>(() => bed.Create(new MemoryPressureOptions { LowRatio = 0.95 }));
        Assert.Throws<CacheException>(() => bed.Create(new MemoryPressureOptions { Interval = TimeSpan.Zero }));
        Assert.Throws<CacheException>(() => bed.Create(new MemoryPressureOptions { Step = 0 }));
    }

    private sealed class Bed : IAsyncDisposable
    {
        private const long Limit = 100_000_000;

        private int _collected;

        public Bed(string limit = "sys/fs/cgroup/pod/memory.max")
        {
            Machine.Write("proc/self/cgroup", "0::/pod");
            Machine.Write("sys/fs/cgroup/pod/memory.max", "max");
            Machine.Write(limit, $"{Limit}");
            for (var number = 0; number < 100; number++)
            {
                Tier.Put(TierKit.Key(number), new byte[10_000], ArtifactWriter.AsWritten);
            }

            Monitor = Create(new MemoryPressureOptions());
        }

        public FakeMachine Machine { get; } = new();

        public ManualTimeProvider Time { get; } = new();

        public ArtifactMemoryTier Tier { get; } = new(
            new MemoryTierOptions { CapacityBytes = Mebibyte + 100_000 }, NullLogger.Instance, TimeProvider.System);

        public MemoryPressureMonitor Monitor { get; }

        public MemoryUsage Collector { get; set; } = new(1, 100, "the collector");

        public bool CollectorFails { get; set; }

        public MemoryPressureMonitor Create(MemoryPressureOptions options)
        {
            Tier.Resize(Mebibyte, 1000);
            return new MemoryPressureMonitor(Tier, options, NullLogger.Instance, Time, Machine.Memory, Collect);
        }

        public void Use(double part) => Machine.Write("sys/fs/cgroup/pod/memory.current", $"{(long)(part * Limit)}");

        public void Look(int times)
        {
            for (var look = 0; look < times; look++)
            {
                Monitor.Look();
            }
        }

        public long LookOnce()
        {
            Monitor.Look();
            return Tier.CapacityBytes;
        }

        public Task WaitForLooksAsync(long looks) => WaitAsync(() => Monitor.State.Looks >= looks);

        public Task WaitForCollectorAsync() => WaitAsync(() => Volatile.Read(ref _collected) > 0);

        public async ValueTask DisposeAsync()
        {
            await Monitor.DisposeAsync();
            Tier.Dispose();
            Machine.Dispose();
        }

        private static async Task WaitAsync(Func<bool> condition)
        {
            for (var attempt = 0; attempt < 2000 && !condition(); attempt++)
            {
                await Task.Delay(5);
            }

            Assert.True(condition());
        }

        private MemoryUsage Collect()
        {
            Interlocked.Increment(ref _collected);
            return CollectorFails ? throw new InvalidOperationException("No figures today.") : Collector;
        }
    }
}
