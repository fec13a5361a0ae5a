namespace Larder.Cache.Hosting;

// Removing by tag. The index knows every key that this process has tagged; entries that were on disk before it are
// read once, when the first tag is removed.
public sealed partial class LarderHybridCache
{
    private const string AllTag = "*";

    /// <summary>
    /// Removes every entry that carries the tag, and what fills in flight are making of such entries. <c>*</c> stands
    /// for all entries.
    /// </summary>
    public override async ValueTask RemoveByTagAsync(string tag, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tag);
        if (tag == AllTag)
        {
            await _cache.InvalidateOwnerAsync(Kind.Name, cancellationToken).ConfigureAwait(false);
            return;
        }

        await IndexEarlierRunsAsync(cancellationToken).ConfigureAwait(false);
        foreach (var key in Tags.Take(tag))
        {
            await _store.RemoveAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async ValueTask IndexEarlierRunsAsync(CancellationToken cancellationToken)
    {
        if (_cache.Disk is not { } disk || Volatile.Read(ref _isIndexed))
        {
            return;
        }

        await _indexing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isIndexed)
            {
                return;
            }

            await disk.Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
            foreach (var entry in disk.List(Kind))
            {
                using var lease = await disk.GetAsync(entry.Key, cancellationToken).ConfigureAwait(false);
                if (lease.IsHit && _store.ReadEnvelope(entry.Key, lease, out _) is { } envelope)
                {
                    Tags.Register(entry.Key, envelope.Tags);
                }
            }

            Volatile.Write(ref _isIndexed, true);
        }
        finally
        {
            _indexing.Release();
        }
    }

    private ValueTask SweepIfDueAsync() => Tags.IsSweepDue
        ? Tags.SweepAsync(key => _cache.ContainsAsync(key, CancellationToken.None))
        : ValueTask.CompletedTask;
}
