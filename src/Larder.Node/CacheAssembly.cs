using Larder.Cache;
using Larder.Cache.Arenas;
using Larder.Cache.Disk;
using Larder.Cache.Memory;
using Larder.Cache.Policy;
using Larder.Cache.Remote;
using Larder.Cache.Sizing;
using Microsoft.Extensions.Logging;

namespace Larder.Node;

/// <summary>Turns a node's options into an open cache.</summary>
internal static class CacheAssembly
{
    /// <summary>Opens the cache; returns as soon as it can serve.</summary>
    public static ValueTask<TieredCache> OpenAsync(
        NodeOptions options,
        Func<CacheOptions, CacheOptions> adjust,
        ILoggerFactory loggers,
        CancellationToken cancellationToken) =>
        TieredCache.OpenAsync(adjust(Describe(options)), loggers: loggers, cancellationToken: cancellationToken);

    /// <summary>Ends when the disk tier's index is complete.</summary>
    public static Task WaitForRecoveryAsync(TieredCache cache, CancellationToken cancellationToken) =>
        cache.Disk is null ? Task.CompletedTask : cache.Disk.Recovered.WaitAsync(cancellationToken);

    private static CacheOptions Describe(NodeOptions options) => new()
    {
        Memory = options.MemoryCapacityBytes == 0 ? null : DescribeMemory(options),
        Disk = options.DiskCapacityBytes == 0 ? null : new DiskTierOptions
        {
            Directory = options.DataDirectory,
            CapacityBytes = options.DiskCapacityBytes,
            MaxEntries = options.DiskMaxEntries,
        },
        Remote = options.Upstream is null ? null : DescribeRemote(options, options.Upstream),
        Kinds = NodeKinds.Complete(options.Kinds),
        Sizing = options.Sizing ? new SizingOptions() : null,
    };

    private static MemoryTierOptions DescribeMemory(NodeOptions options)
    {
        var defaults = new MemoryTierOptions();
        return defaults with
        {
            CapacityBytes = options.MemoryCapacityBytes,
            MaxEntries = options.MemoryMaxEntries < 0 ? defaults.MaxEntries : options.MemoryMaxEntries,
            Policy = Enum.Parse<EvictionPolicyKind>(options.MemoryPolicy, ignoreCase: true),
            Arena = options.MemoryArena ? new ArenaOptions { SizeBytes = RegionFor(options.MemoryCapacityBytes) } : null,
        };
    }

    // The tier uses at most fifteen sixteenths of its region: the rest lets blocks be moved together.
    private static long RegionFor(long capacityBytes)
    {
        const long Step = ArenaOptions.MinSizeBytes;
        return ((capacityBytes / 15 * 16) + (2 * Step) - 1) / Step * Step;
    }

    private static RemoteTierOptions DescribeRemote(NodeOptions options, Uri upstream) => new()
    {
        LookupTimeout = options.UpstreamTimeout,
        Store = RemoteStores.Open(options, upstream),
        Writers = options.UpstreamWrite ? new RemoteTierOptions().Writers : 0,
        FleetLease = options.UpstreamLease,
        FleetWait = options.UpstreamLeaseWait,
    };
}
