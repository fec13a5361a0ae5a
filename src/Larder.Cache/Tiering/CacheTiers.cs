using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Memory;
using Larder.Cache.Remote;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Tiering;

/// <summary>The tiers of one cache, opened together.</summary>
/// <param name="Memory">Null when switched off.</param>
/// <param name="Disk">Null when switched off.</param>
/// <param name="Remote">Null when there is none.</param>
/// <param name="Pressure">Trims the memory tier; null when there is none or it is not to give way.</param>
/// <param name="Events">What the tiers report to.</param>
internal sealed record CacheTiers(
    ArtifactMemoryTier? Memory, DiskTier? Disk, RemoteTier? Remote, MemoryPressureMonitor? Pressure, CacheEvents Events)
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
            if (memory is not null)
            {
                memory.Removed = (key, weight, age, reason) =>
                    events.Removed?.Invoke(new EntryRemoved(TierKind.Memory, key, weight, age, reason));
            }

            disk = options.Disk is null
                ? null
                : await DiskTier.OpenAsync(
                    options.Disk,
                    kind => options.Kinds.GetValueOrDefault(kind.Name, options.DefaultKind),
                    time,
                    loggers.CreateLogger<DiskTier>(),
                    cancellationToken).ConfigureAwait(false);
            if (disk is not null)
            {
                disk.Removed = (key, weight, reason) =>
                    events.Removed?.Invoke(new EntryRemoved(TierKind.Disk, key, weight, AgeTicks: -1, reason));
            }

            var remote = options.Remote is null
                ? null
                : new RemoteTier(options.Remote, time, loggers.CreateLogger<RemoteTier>());
            var pressure = memory is null || options.MemoryPressure is null
                ? null
                : new MemoryPressureMonitor(
                    memory, options.MemoryPressure, loggers.CreateLogger<MemoryPressureMonitor>(), time);
            return new CacheTiers(memory, disk, remote, pressure, events);
        }
        catch
        {
            await new CacheTiers(memory, disk, Remote: null, Pressure: null, events).CloseAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the tiers from lower to upper: the write-behind queue still reads from those above it.</summary>
    public async ValueTask CloseAsync()
    {
        if (Remote is not null)
        {
            await Remote.DisposeAsync().ConfigureAwait(false);
        }

        if (Disk is not null)
        {
            await Disk.DisposeAsync().ConfigureAwait(false);
        }

        if (Pressure is not null)
        {
            await Pressure.DisposeAsync().ConfigureAwait(false);
        }

        Memory?.Dispose();
    }
}
