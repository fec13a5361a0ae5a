using Larder.Handlers;
using Larder.Node;
using Larder.Node.Sizing;

namespace Larder.Tests.Node.Sizing;

public sealed class PodMemoryTests
{
    private const long MiB = 1024 * 1024;

    private static readonly NodeOptions Options = new() { MemoryCapacityBytes = 16 * MiB, DiskCapacityBytes = 112 * MiB };

    private static readonly HandlerRuntimeOptions Handlers = new()
    {
        MaxInstances = 10, MemoryLimitBytes = 32 * MiB, MaxSuspendedBytes = 64 * MiB, MaxHandlerImages = 32,
    };

    [Fact]
    public void Everything_that_counts_is_in_the_limit()
    {
        var pod = PodMemory.Of(Options, Handlers, 128 * MiB);

        Assert.Equal(
            [
                ("runtime", 160L), ("memory tier", 20), ("volume", 128), ("compiled handlers", 80), ("instances", 320), ("suspended runs", 64),
                ("images", 64), ("in flight", 64),
            ],
            pod.Parts.Select(part => (part.Name, part.LimitBytes / MiB)));
        Assert.Equal(992 * MiB, pod.LimitBytes);
        Assert.Equal(496 * MiB, pod.RequestBytes);
    }

    [Fact]
    public void A_volume_on_a_disk_does_not_count()
    {
        var pod = PodMemory.Of(Options, Handlers, 0);

        Assert.DoesNotContain(pod.Parts, part => part.Name == "volume");
        Assert.Equal(864 * MiB, pod.LimitBytes);
    }

    [Fact]
    public void A_node_without_handlers_needs_no_instances() =>
        Assert.Equal(["runtime", "memory tier", "in flight"], PodMemory.Of(Options, null, 0).Parts.Select(part => part.Name));

    [Fact]
    public void All_instances_together_may_have_a_limit_of_their_own()
    {
        var pod = PodMemory.Of(Options, Handlers with { MaxInstances = 1000, TotalMemoryBytes = 500 * MiB }, 0);

        Assert.Equal(500 * MiB, pod.Parts.Single(part => part.Name == "instances").LimitBytes);
    }

    [Fact]
    public void The_collector_gets_its_three_quarters()
    {
        // Nearly all of it is managed: a tenth above the sum would leave the collector too little.
        var pod = PodMemory.Of(Options with { MemoryCapacityBytes = 4096 * MiB }, null, 0);
        var managed = (4096 * 5 / 4) + 64 + 48;

        Assert.True(pod.LimitBytes * 3 / 4 >= managed * MiB, $"{pod.LimitBytes / MiB}");
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(112, 124)]
    [InlineData(1024, 1040)]
    public void A_volume_is_larger_than_what_the_tier_may_hold(long disk, long volume) =>
        Assert.Equal(volume * MiB, PodMemory.VolumeFor(disk * MiB));
}
