namespace Larder.Cache.Hosting;

/// <summary>How a cache and its adapters are put together by dependency injection. Validated when the host starts.</summary>
public sealed class LarderOptions
{
    /// <summary>The kind of the entries of <see cref="LarderDistributedCache"/>.</summary>
    public const string DistributedKind = "distributed-cache";

    /// <summary>The kind of the entries of <see cref="LarderHybridCache"/>.</summary>
    public const string HybridKind = "hybrid-cache";

    /// <summary>
    /// The cache. Entries of the adapters can be overwritten and therefore never go to a remote tier, whatever is said
    /// of their kinds here.
    /// </summary>
    public CacheOptions Cache { get; set; } = new();

    /// <summary>
    /// How long the host waits at its end for what is queued for disk and for the remote tier. Default 10 seconds.
    /// </summary>
    public TimeSpan FlushTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an entry of <see cref="LarderHybridCache"/> lives when nothing is said. Default 5 minutes.
    /// </summary>
    public TimeSpan HybridExpiration { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Largest value of <see cref="LarderHybridCache"/> that is kept, in bytes. Default 1 MiB.</summary>
    public long HybridMaxPayloadBytes { get; set; } = 1024 * 1024;

    /// <summary>Longest string key of <see cref="LarderHybridCache"/> whose value is kept, in characters. Default 1,024.</summary>
    public int HybridMaxKeyLength { get; set; } = 1024;

    /// <summary>The cache's options with the adapters' kinds as they have to be.</summary>
    internal CacheOptions Complete()
    {
        var kinds = Cache.Kinds;
        foreach (var name in new[] { DistributedKind, HybridKind })
        {
            var kind = kinds.GetValueOrDefault(name, Cache.DefaultKind);
            kinds = kinds.SetItem(name, kind with { Remote = false, ContentAddressed = false, FailureTtl = TimeSpan.Zero });
        }

        return Cache with { Kinds = kinds };
    }
}
