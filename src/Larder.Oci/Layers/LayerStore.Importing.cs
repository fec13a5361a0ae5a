using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

// Passes over whole layers, one at a time for each, and what follows them.
public sealed partial class LayerStore
{
    private static readonly TimeSpan PublishPause = TimeSpan.FromMilliseconds(50);

    /// <summary>The pass that runs, or a new one.</summary>
    /// <exception cref="OciException">The last one failed a moment ago.</exception>
    private LayerImport BeginImport(LayerOrigin origin, Fingerprint diffId, LayerProgress progress, bool isUrgent)
    {
        LayerImport import;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_imports.TryGetValue(diffId, out var running))
            {
                import = running;
            }
            else
            {
                ThrowIfFailed(diffId);
                progress.SetActivity(LayerActivity.Queued);
                import = new LayerImport(_turns.Enter(isUrgent));
                import.Start(self => RunImportAsync(self, origin, diffId, progress));
                _imports.Add(diffId, import);
            }
        }

        if (isUrgent)
        {
            import.Hurry();
        }

        return import;
    }

    private void ThrowIfFailed(Fingerprint diffId)
    {
        if (!_failures.TryGetValue(diffId, out var failure))
        {
            return;
        }

        if (_time.GetElapsedTime(failure.At) < _options.FailureTtl)
        {
            throw new OciException(failure.Error.Kind, failure.Error.Message, failure.Error);
        }

        _failures.TryRemove(diffId, out _);
    }

    private async Task<LayerIndex> RunImportAsync(LayerImport import, LayerOrigin origin, Fingerprint diffId, LayerProgress progress)
    {
        try
        {
            _closing.Token.ThrowIfCancellationRequested();
            progress.SetActivity(LayerActivity.Importing);
            var index = await ImportAsync(import, origin, diffId, progress).ConfigureAwait(false);
            progress.SetObjects(index.Objects.Length);
            progress.SetError(null);
            return index;
        }
        catch (OciException exception)
        {
            progress.SetError(exception.Message);
            _failures[diffId] = (exception, _time.GetTimestamp());
            throw;
        }
        finally
        {
            progress.SetActivity(LayerActivity.Idle);
            lock (_gate)
            {
                _imports.Remove(diffId);
            }
        }
    }

    private async Task<LayerIndex> ImportAsync(LayerImport import, LayerOrigin origin, Fingerprint diffId, LayerProgress progress)
    {
        var unsent = new List<ArtifactKey>();
        var isShared = _cache.Remote is not null;
        var index = await ImportSharedAsync(origin, progress, OnStored).ConfigureAwait(false);
        var isShareable = index is null;
        if (index is null)
        {
            var blob = new BlobReader(origin, part: null, _options, progress, _time);
            await using (blob.ConfigureAwait(false))
            {
                index = await new LayerImporter(_cache, _options, origin, progress, OnStored).RunAsync(blob, _closing.Token).ConfigureAwait(false);
            }
        }

        var recipe = LayerRecipes.IndexOf(diffId, _options);
        var outcome = await _cache.PutAsync(
            recipe.Key,
            LayerIndexFormat.Encode(index),
            ArtifactWriter.AsWritten with { Recipe = recipe.Encoded },
            _closing.Token).ConfigureAwait(false);
        if (outcome is PutOutcome.NoSpace or PutOutcome.Unavailable)
        {
            throw ObjectPacker.Unstorable(outcome, index.Count);
        }

        if (unsent.Count > 0)
        {
            Begin(() => PublishAsync(unsent));
        }

        await NameAsync(origin, index, isShareable).ConfigureAwait(false);
        return index;

        void OnStored(ArtifactKey key, in ArtifactLease lease, bool isNew)
        {
            import.Stored(key, lease);
            if (isShared && !(isNew && _cache.TryPublish(key, lease)))
            {
                unsent.Add(key);
            }
        }
    }

    /// <summary>
    /// Reads a layer that others have decompressed, in the form that keeps layers so; null when there is none, or it is not right.
    /// </summary>
    private async ValueTask<LayerIndex?> ImportSharedAsync(LayerOrigin origin, LayerProgress progress, ObjectPacker.ObjectStored stored)
    {
        if (_decompressed is null
            || await _decompressed.TryOpenAsync(origin.Layer.Blob.Digest, _closing.Token).ConfigureAwait(false) is not { } archive)
        {
            return null;
        }

        var reader = new BlobReader(origin, archive, _options, progress, _time);
        await using (reader.ConfigureAwait(false))
        {
            try
            {
                var index = await new LayerImporter(_cache, _options, origin, progress, stored).RunAsync(reader, _closing.Token).ConfigureAwait(false);
                progress.CountHit(TierKind.Remote, index.ArchiveLength);
                return index;
            }
            catch (Exception exception) when (
                exception is IOException or HttpRequestException or OciException { Kind: not OciErrorKind.Storage }
                || (exception is OperationCanceledException && !_closing.IsCancellationRequested))
            {
                // What others made is wrong, or cannot be read: the source has the right one.
                progress.SetError(exception.Message);
                return null;
            }
        }
    }

    /// <summary>In the decompressed form: gives a layer its name, and to others what was decompressed here.</summary>
    private async ValueTask NameAsync(LayerOrigin origin, LayerIndex index, bool isShareable)
    {
        if (_decompressed is null || index.Objects.IsEmpty)
        {
            return;
        }

        // The constructor has seen the disk tier.
        var key = new ArtifactKey(LayerKinds.File, index.DiffId);
        if (!await _cache.Disk!.ContainsAsync(key, _closing.Token).ConfigureAwait(false))
        {
            return;
        }

        _decompressed.Link(origin.Layer.Blob.Digest, index.DiffId);
        if (isShareable && _decompressed.IsShared)
        {
            Begin(() => _decompressed.ShareAsync(origin.Layer.Blob.Digest, key, _closing.Token));
        }
    }

    /// <summary>Begins work that nobody waits for; closing waits for its end.</summary>
    private void Begin(Func<Task> work)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            var task = Task.Run(work);
            _publishing.Add(task);
            _ = task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        void Forget(Task task)
        {
            lock (_gate)
            {
                _publishing.Remove(task);
            }
        }
    }

    /// <summary>Sends to the remote tier, as its queue has room, what did not fit it before, or may have been sent by others.</summary>
    private async Task PublishAsync(List<ArtifactKey> keys)
    {
        var token = _closing.Token;
        foreach (var key in keys)
        {
            // Set when the list was made.
            if (await _cache.Remote!.ContainsAsync(key, token).ConfigureAwait(false))
            {
                continue;
            }

            using var lease = await _cache.Disk!.GetAsync(key, token).ConfigureAwait(false);
            while (lease.IsHit && !_cache.Remote.HasRoom(lease.Metadata.Length))
            {
                await Task.Delay(PublishPause, _time, token).ConfigureAwait(false);
            }

            if (lease.IsHit)
            {
                _cache.TryPublish(key, lease);
            }
        }
    }
}
