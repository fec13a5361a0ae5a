using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Memory;
using Larder.Cache.Remote;
using Larder.Tests.Support;

namespace Larder.Tests.Tiering;

/// <summary>Caches over one temporary directory and one remote store.</summary>
internal sealed class TieredCacheFixture : IAsyncDisposable
{
    public static readonly ArtifactKind ContentKind = ArtifactKind.Parse("content");

    private readonly string _directory = Directory.CreateTempSubdirectory("larder-tiers-").FullName;

    public ManualTimeProvider Time { get; } = new();

    public FaultyRemoteStore Remote { get; } = new();

    public ValueTask<TieredCache> OpenAsync(Func<KindOptions, KindOptions>? kind = null, bool withRemote = false) =>
        TieredCache.OpenAsync(
            new CacheOptions
            {
                Memory = new MemoryTierOptions { CapacityBytes = 64 * 1024 * 1024 },
                Disk = new DiskTierOptions { Directory = _directory },
                Remote = withRemote ? new RemoteTierOptions { Store = Remote } : null,
                DefaultKind = (kind ?? (static options => options))(new KindOptions()),
                Kinds = ImmutableSortedDictionary<string, KindOptions>.Empty
                    .Add(ContentKind.Name, new KindOptions { ContentAddressed = true }),
            },
            Time);

    /// <summary>Opens tiers that hold about three of eight small artifacts in memory and five on disk.</summary>
    public ValueTask<TieredCache> OpenTinyAsync(bool withRemote) => TieredCache.OpenAsync(new CacheOptions
    {
        Memory = new MemoryTierOptions { CapacityBytes = 8_000 },
        Disk = new DiskTierOptions { Directory = _directory, CapacityBytes = 300_000 },
        Remote = withRemote
            ? new RemoteTierOptions
            {
                Store = Remote,
                RetryDelay = TimeSpan.FromMilliseconds(1),
                MaxRetryDelay = TimeSpan.FromMilliseconds(2),
                CircuitOpenTime = TimeSpan.FromMilliseconds(5),
                MaxCircuitOpenTime = TimeSpan.FromMilliseconds(5),
            }
            : null,
        DefaultKind = new KindOptions { MaxMemoryEntryBytes = 4_000 },
    });

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }
}
