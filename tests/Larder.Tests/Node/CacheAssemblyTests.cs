using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Node;

public sealed class CacheAssemblyTests
{
    [Fact]
    public async Task Payloads_live_in_the_region_that_was_touched_at_start()
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            MemoryArena = true,
            MemoryCapacityBytes = 32 * 1024 * 1024,
        });
        var key = new ArtifactKey(ArtifactKind.Parse("test"), Fingerprint.OfContent("a"u8));

        var outcome = await node.Host.Cache.PutAsync(key, new byte[10_000]);
        using var lease = await node.Host.Cache.GetAsync(key);

        var arena = node.Host.Cache.Memory!.Arena;
        Assert.Equal(PutOutcome.Stored, outcome);
        Assert.Equal(TierKind.Memory, lease.Source);
        Assert.NotNull(arena);
        Assert.InRange(arena.GetStatistics().UsedBytes, 10_000, 20_000);
        Assert.True(arena.GetCommitment().IsCommitted);
        Assert.Equal(32 * 1024 * 1024, node.Host.Cache.Memory.CapacityBytes);
    }
}
