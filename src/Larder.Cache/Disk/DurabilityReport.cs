namespace Larder.Cache.Disk;

/// <summary>What a flush achieved.</summary>
/// <param name="Pending">Entries that still wait for a sync: those put while it ran.</param>
/// <param name="Durable">Entries that survive a loss of power from now on and did not before.</param>
/// <param name="Failed">
/// Entries whose sync failed. They were removed: the kernel may have dropped their bytes, and a second sync would
/// succeed without them.
/// </param>
public readonly record struct DurabilityReport(long Pending, long Durable, long Failed);
