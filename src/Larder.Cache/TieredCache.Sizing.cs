using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Sizing;
using Larder.Cache.Tiering;

namespace Larder.Cache;

/// <content>What other capacities would bring.</content>
public sealed partial class TieredCache
{
    /// <summary>
    /// The curves of the local tiers, from upper to lower, by the lookups so far; empty when
    /// <see cref="CacheOptions.Sizing"/> is null.
    /// </summary>
    public IReadOnlyList<TierCurves> GetCurves()
    {
        var curves = new List<TierCurves>(2);
        if (Memory?.GetCurves() is { } memory)
        {
            curves.Add(memory);
        }

        if (_diskSizing is not null && Disk is not null)
        {
            curves.Add(_diskSizing.Read(Disk.Capacity, Disk.Options.MaxEntries));
        }

        return curves;
    }

    /// <summary>Forgets what the curves were made of, as after a change of what the node is asked for.</summary>
    public void ResetCurves()
    {
        Memory?.ResetCurves();
        _diskSizing?.Reset();
    }

    /// <summary>Notes that an artifact was offered to the disk tier.</summary>
    internal void NoteDiskPut(ArtifactKey key, long payloadBytes) =>
        _diskSizing?.Store(key, DiskTier.WeightOf(payloadBytes));

    // Every lookup comes here once; flights that look again are not lookups.
    private async ValueTask<ArtifactLease> FindFirstOnDiskAsync(KindState kind, ArtifactKey key, CancellationToken cancellationToken)
    {
        var lease = await FindOnDiskAsync(kind, key, cancellationToken).ConfigureAwait(false);
        if (kind.Options.Disk)
        {
            NoteDiskLookup(key, lease);
        }

        return lease;
    }

    private void NoteDiskLookup(ArtifactKey key, ArtifactLease lease)
    {
        if (_diskSizing is { } sizing && TierSizing.HashOf(key) < sizing.Threshold)
        {
            sizing.Look(key, lease.IsHit ? DiskTier.WeightOf(lease.Metadata.Length) : -1, lease.IsHit);
        }
    }

    // What left for capacity stays in the curve: a larger tier would have it.
    private void ForgetOnDisk(EntryRemoved entry)
    {
        if (entry is { Tier: TierKind.Disk, Reason: RemovalReason.Quarantined })
        {
            _diskSizing?.Forget(entry.Key);
        }
    }

    private long DiskLookupsOf(string kind) =>
        ArtifactKind.TryParse(kind, out var parsed) && _kinds.TryGet(parsed, out var state) ? state.Lookups : 0;
}
