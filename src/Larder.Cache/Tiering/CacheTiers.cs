using Larder.Cache.Disk;
using Larder.Cache.Memory;
using Larder.Cache.Remote;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Tiering;

/// <summary>The tiers of one cache, opened together.</summary>
/// <param name="Memory">Null when switched off.</param>
/// <param name="Disk">Null when switched off.</param>
/// <param name="Remote">Null when there is none.</param>
/// <param name="Events">What the tiers report to.</param>
internal sealed record CacheTiers(ArtifactMemoryTier? Memory, DiskTier? Disk, RemoteTier? Remote, CacheEvents Events)
{
    /// <summary>Opens the tiers, the memory region before anything else; closes again what was open when one fails.</summary>
    public static async ValueTask<CacheTiers> OpenAsync(
        CacheOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var events = new CacheEvents();
        ArtifactMemoryTier? memory = null;
        DiskTier? disk = null;
        try
        {
            memory = options.Memory is null
                ? null
                : new ArtifactMemoryTier(options.Memory, loggers.CreateLogger<ArtifactMemoryTier>(), time);
            disk = options.Disk is null
                ? null
                : await DiskTier.OpenAsync(
                    options.Disk,
                    kind => options.Kinds.GetValueOrDefault(kind.Name, options.DefaultKind),
                    time,
                    loggers.CreateLogger<DiskTier>(),
                    cancellationToken).ConfigureAwait(false);
            var remote = options.Remote is null
                ? null
                : new RemoteTier(options.Remote, time, loggers.CreateLogger<RemoteTier>());
            return new CacheTiers(memory, disk, remote, events);
        }
        catch
        {
            await CloseAsync(memory, disk, remote: null).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the tiers from lower to upper: the write-behind queue still reads from those above it.</summary>
    public static async ValueTask CloseAsync(ArtifactMemoryTier? memory, DiskTier? disk, RemoteTier? remote)
    {
        if (remote is not null)
        {
            await remote.DisposeAsync().ConfigureAwait(false);
        }

        if (disk is not null)
        {
            await disk.DisposeAsync().ConfigureAwait(false);
        }

        memory?.Dispose();
    }
}
