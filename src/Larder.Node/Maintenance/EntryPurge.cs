using Larder.Cache;
using Larder.Cache.Artifacts;

namespace Larder.Node.Maintenance;

/// <summary>Removes every entry that meets all conditions.</summary>
internal sealed class EntryPurge
{
    private readonly TieredCache _cache;
    private readonly ArtifactKind? _kind;
    private readonly string? _owner;
    private readonly DateTimeOffset _usedBefore;

    /// <summary>Sets the conditions.</summary>
    /// <param name="cache">Where to remove.</param>
    /// <param name="kind">Only this kind; null for all.</param>
    /// <param name="owner">Only of this owner; null for all.</param>
    /// <param name="usedBefore">Only what was not used since.</param>
    public EntryPurge(TieredCache cache, ArtifactKind? kind, string? owner, DateTimeOffset usedBefore)
    {
        _cache = cache;
        _kind = kind;
        _owner = owner;
        _usedBefore = usedBefore;
    }

    /// <summary>Removes, or only counts.</summary>
    /// <param name="isDryRun">Whether to only count.</param>
    /// <param name="isForEveryAge">Whether recent use does not protect an entry.</param>
    /// <param name="cancellationToken">Stops in the middle; what was removed stays removed.</param>
    public async ValueTask<PurgeBody> RunAsync(bool isDryRun, bool isForEveryAge, CancellationToken cancellationToken)
    {
        var entries = 0L;
        var bytes = 0L;
        foreach (var entry in _cache.Disk?.List(_kind) ?? [])
        {
            cancellationToken.ThrowIfCancellationRequested();
            if ((!isForEveryAge && entry.LastUsedAt > _usedBefore)
                || (_owner is not null && !await IsOwnedAsync(entry.Key, cancellationToken).ConfigureAwait(false))
                || (!isDryRun && !await _cache.RemoveAsync(entry.Key, cancellationToken: cancellationToken).ConfigureAwait(false)))
            {
                continue;
            }

            entries++;
            bytes += entry.Length;
        }

        // What only the memory tier holds is in no listing.
        if (_owner is not null && _kind is null && isForEveryAge && !isDryRun)
        {
            entries += await _cache.InvalidateOwnerAsync(_owner, cancellationToken).ConfigureAwait(false);
        }

        return new PurgeBody(entries, bytes);
    }

    private async ValueTask<bool> IsOwnedAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        using var lease = await _cache.Disk!.GetAsync(key, cancellationToken).ConfigureAwait(false); // Not null: it listed the key.
        return lease.IsHit && string.Equals(lease.Metadata.Owner, _owner, StringComparison.Ordinal);
    }
}
