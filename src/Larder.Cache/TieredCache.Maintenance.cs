using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Fingerprints;
using Larder.Cache.Tiering;

namespace Larder.Cache;

/// <content>Writing, removing, batches, flushing and statistics.</content>
public sealed partial class TieredCache
{
    /// <summary>
    /// Begins to write an artifact. Committing it stores it in the local tiers of its kind and queues it for the remote
    /// tier.
    /// </summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="length">Payload length in bytes; -1 when unknown.</param>
    public ArtifactWriter BeginWrite(ArtifactKey key, long length = -1) =>
        _kinds.TryGet(key.Kind, out var kind)
            ? new TieredWriter(this, kind, key, length, measuresCost: false, _time)
            : new RefusingWriter(key, PutOutcome.Disabled);

    /// <summary>
    /// Begins to write an artifact of a content-addressed kind that is never held in memory, straight to disk; its key is that of the
    /// bytes that came, and known with the commit. Whoever commits it says with <see cref="TryPublish"/> when it goes to the remote
    /// tier: such artifacts come in greater numbers than the queue has room for.
    /// </summary>
    /// <param name="kind">The kind.</param>
    /// <param name="length">Payload length in bytes; -1 when unknown.</param>
    /// <exception cref="ArgumentException">The kind is not content-addressed, or held in memory.</exception>
    public ArtifactWriter BeginContentWrite(ArtifactKind kind, long length = -1)
    {
        if (!_kinds.TryGet(kind, out var state) || Disk is null)
        {
            return new RefusingWriter(new ArtifactKey(kind, default), PutOutcome.Disabled);
        }

        return state.Options is { ContentAddressed: true, Memory: false }
            ? new ContentWriter(this, Disk.BeginContentWrite(kind, length))
            : throw new ArgumentException($"Kind '{kind}' is not content-addressed, or held in memory.", nameof(kind));
    }

    /// <summary>
    /// Queues an artifact for the remote tier, if its kind goes there; false when there is no room, or no such tier.
    /// </summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="lease">Reads it; stays the caller's.</param>
    public bool TryPublish(ArtifactKey key, in ArtifactLease lease)
    {
        if (Remote is null || !_kinds.TryGet(key.Kind, out var kind) || !kind.Options.Remote
            || !Remote.HasRoom(lease.Metadata.Length) || !lease.Content.TryAcquire())
        {
            return false;
        }

        var own = new ArtifactLease(lease.Content, lease.Source);
        if (Remote.TryEnqueue(key, own))
        {
            return true;
        }

        own.Dispose();
        return false;
    }

    /// <summary>Stores bytes that are at hand.</summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="content">The payload; copied before this returns.</param>
    /// <param name="description">What to keep with the bytes; null for nothing but length and digest.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    public async ValueTask<PutOutcome> PutAsync(
        ArtifactKey key,
        ReadOnlyMemory<byte> content,
        ArtifactMetadata? description = null,
        CancellationToken cancellationToken = default)
    {
        var writer = BeginWrite(key, content.Length);
        await using (writer.ConfigureAwait(false))
        {
            await writer.WriteAsync(content, cancellationToken).ConfigureAwait(false);
            var result = await writer.CommitAsync(description ?? ArtifactWriter.AsWritten, cancellationToken).ConfigureAwait(false);
            result.Lease.Dispose();
            return result.Outcome;
        }
    }

    /// <summary>
    /// Whether a lookup now would probably hit. Reads no payload, counts nothing and changes no recency; an entry that is
    /// damaged may be reported as present.
    /// </summary>
    public async ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken = default)
    {
        var options = OptionsFor(key.Kind);
        if (options.Memory && Memory is not null && Memory.Contains(key))
        {
            return true;
        }

        if (options.Disk && Disk is not null && await Disk.ContainsAsync(key, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        return options.Remote && Remote is not null && await Remote.ContainsAsync(key, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Removes the artifact from this node, and what a fill in flight is making of it. The remote tier belongs to other
    /// nodes too and is left alone.
    /// </summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="cancellationToken">Gives up before anything is removed.</param>
    /// <returns>Whether any tier held it.</returns>
    public ValueTask<bool> RemoveAsync(ArtifactKey key, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _fills.Invalidate(key);
        _fetches.Invalidate(key);
        _failures.Forget(key);
        return RemoveLocallyAsync(key, RemovalReason.Removed, CancellationToken.None);
    }

    /// <summary>Removes the artifact from this node and from the remote tier: for those who know that it is wrong.</summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="cancellationToken">Gives up waiting for the remote tier.</param>
    /// <returns>Whether any tier held it.</returns>
    public async ValueTask<bool> RemoveEverywhereAsync(ArtifactKey key, CancellationToken cancellationToken = default)
    {
        var removed = await RemoveAsync(key, cancellationToken).ConfigureAwait(false);
        if (Remote is not null)
        {
            removed |= await Remote.RemoveAsync(key, cancellationToken).ConfigureAwait(false);
        }

        return removed;
    }

    /// <summary>Invalidates everything of one owner on this node, fills in flight included.</summary>
    /// <returns>How many entries went, counted in each tier.</returns>
    public async ValueTask<long> InvalidateOwnerAsync(string owner, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(owner);
        _fills.InvalidateAll();
        _fetches.InvalidateAll();
        _failures.Clear();
        Writes.AdvanceAll();
        var removed = Disk is null ? 0 : await Disk.InvalidateOwnerAsync(owner, cancellationToken).ConfigureAwait(false);
        removed += Memory?.InvalidateOwner(owner) ?? 0;
        Writes.AdvanceAll();
        return removed;
    }

    /// <summary>Looks up many artifacts, the remote ones in parallel. The caller disposes every lease.</summary>
    /// <param name="keys">Names the artifacts.</param>
    /// <param name="cancellationToken">Gives up; leases that were taken by then are given back.</param>
    /// <returns>One answer a key, in the same order.</returns>
    public async ValueTask<ArtifactLease[]> GetManyAsync(
        IReadOnlyList<ArtifactKey> keys, CancellationToken cancellationToken = default)
    {
        var leases = new ArtifactLease[keys.Count];
        try
        {
            await Parallel.ForAsync(0, keys.Count, Batch(cancellationToken), async (index, token) =>
                leases[index] = await GetAsync(keys[index], token).ConfigureAwait(false)).ConfigureAwait(false);
            return leases;
        }
        catch
        {
            Array.ForEach(leases, static lease => lease.Dispose());
            throw;
        }
    }

    /// <summary>Brings artifacts into the local tiers before they are wanted; returns how many are there now.</summary>
    public async ValueTask<int> PrefetchAsync(IReadOnlyList<ArtifactKey> keys, CancellationToken cancellationToken = default)
    {
        var present = 0;
        await Parallel.ForAsync(0, keys.Count, Batch(cancellationToken), async (index, token) =>
        {
            using var lease = await GetAsync(keys[index], token).ConfigureAwait(false);
            if (lease.IsHit)
            {
                Interlocked.Increment(ref present);
            }
        }).ConfigureAwait(false);
        return present;
    }

    /// <summary>Makes everything that was committed so far durable, and waits for what is queued for the remote tier.</summary>
    public async ValueTask<DurabilityReport> FlushAsync(CancellationToken cancellationToken = default)
    {
        var disk = Disk is null ? default : await Disk.FlushAsync(cancellationToken).ConfigureAwait(false);
        var remote = Remote is null ? default : await Remote.FlushAsync(cancellationToken).ConfigureAwait(false);
        await SaveRecipesAsync(cancellationToken).ConfigureAwait(false);
        return disk + remote;
    }

    /// <summary>
    /// Says how <paramref name="recipe"/> differs from the nearest one seen before, and remembers it. For an artifact
    /// that was looked up and missed.
    /// </summary>
    public MissExplanation Explain(Recipe recipe)
    {
        var explanation = Recipes.Explain(recipe);
        Recipes.Record(recipe);
        Events.Missed?.Invoke(explanation);
        return explanation;
    }

    /// <summary>One snapshot of every tier and of the cache as a whole.</summary>
    public CacheStatistics GetStatistics()
    {
        var tiers = new List<TierStatistics>(3);
        var memory = Memory?.GetStatistics();
        if (memory is not null)
        {
            tiers.Add(memory);
        }

        if (Disk is not null)
        {
            tiers.Add(Disk.GetStatistics());
        }

        if (Remote is not null)
        {
            tiers.Add(Remote.GetStatistics());
        }

        return new CacheStatistics
        {
            Tiers = tiers,
            Kinds = [.. _kinds.All.Select(kind => kind.Snapshot(memory?.Kinds.FirstOrDefault(figures => figures.Kind == kind.Kind.Name)))],
            InFlight = _fills.InFlight + _fetches.InFlight,
        };
    }

    /// <summary>Remembers the recipe of what was committed, and queues it for the remote tier if its kind goes there.</summary>
    internal void AfterCommit(KindState kind, ArtifactKey key, ArtifactLease lease)
    {
        if (!lease.Metadata.Recipe.IsEmpty)
        {
            Recipes.TryRecord(key, lease.Metadata.Recipe);
        }

        if (Remote is null || !kind.Options.Remote || !lease.Content.TryAcquire())
        {
            return;
        }

        var own = new ArtifactLease(lease.Content, lease.Source);
        if (!Remote.TryEnqueue(key, own))
        {
            own.Dispose();
        }
    }

    internal async ValueTask<bool> RemoveLocallyAsync(ArtifactKey key, RemovalReason reason, CancellationToken cancellationToken)
    {
        // From lower to upper, and counted before and after, so that no lookup in between promotes what goes.
        Writes.Advance(key);
        if (reason != RemovalReason.RejectedPut)
        {
            _diskSizing?.Forget(key);
        }

        var removed = Disk is not null && await Disk.RemoveAsync(key, reason, cancellationToken).ConfigureAwait(false);
        removed |= Memory is not null && Memory.Remove(key, reason);
        Writes.Advance(key);
        return removed;
    }

    /// <summary>Keeps the recipes for the next start. They only explain: losing them is counted nowhere.</summary>
    private async ValueTask SaveRecipesAsync(CancellationToken cancellationToken)
    {
        if (_recipeFile is null)
        {
            return;
        }

        await _recipesLoaded.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await Recipes.SaveAsync(_recipeFile, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CacheException)
        {
            // The disk tier reports what is wrong with the directory; explanations start anew after the next start.
        }
    }

    private ParallelOptions Batch(CancellationToken cancellationToken) => new()
    {
        MaxDegreeOfParallelism = _options.BatchParallelism,
        CancellationToken = cancellationToken,
    };
}
