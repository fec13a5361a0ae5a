using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Disk;

// Telling who watches what left the tier on its own account.
public sealed partial class DiskTier
{
    /// <summary>
    /// Hears of every entry that was evicted or quarantined: key, weight in bytes, reason. Called on the thread that did
    /// it, where at most the entry itself is locked; must be quick and must not throw.
    /// </summary>
    public Action<ArtifactKey, long, RemovalReason>? Removed { get; set; }

    // Called while the victims still have their weight booked as dying.
    private void ReportVictims(List<ArtifactKey> victims, EvictionReport report)
    {
        if (Removed is not { } listener)
        {
            return;
        }

        var weights = new long[victims.Count];
        lock (_gate)
        {
            for (var at = 0; at < weights.Length; at++)
            {
                weights[at] = _dying.GetValueOrDefault(victims[at]);
            }
        }

        for (var at = 0; at < weights.Length; at++)
        {
            listener(victims[at], weights[at], report.Reason);
        }
    }

    // Called before the entry leaves the index.
    private void ReportQuarantined(ArtifactKey key, DiskKind kind)
    {
        if (Removed is not { } listener)
        {
            return;
        }

        long weight = 0;
        lock (_gate)
        {
            var slot = _index.Find(kind.Id, key.Fingerprint);
            if (slot >= 0)
            {
                weight = _index[slot].Weight;
            }
        }

        listener(key, weight, RemovalReason.Quarantined);
    }
}
