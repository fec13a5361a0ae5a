using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

// Where a missing object comes from.
public sealed partial class LayerStore
{
    // A pass may bring an object and lose it to eviction before its reader comes; more than a few times means no room.
    private const int MaxAttempts = 4;

    private async ValueTask<ArtifactLease> FindAsync(
        LayerOrigin origin, LayerIndex index, int number, LayerProgress progress, CancellationToken cancellationToken)
    {
        var item = index.Objects[number];
        var key = LayerKinds.KeyOf(item);
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var lease = await _cache.GetElsewhereAsync(key, cancellationToken).ConfigureAwait(false);
            if (lease.IsHit)
            {
                progress.CountHit(lease.Source, item.Length);
                return lease;
            }

            lease = _decompressed is null
                ? await FetchRangeAsync(origin, index, number, progress, cancellationToken).ConfigureAwait(false)
                : ArtifactLease.Miss;
            if (lease.IsHit)
            {
                return lease;
            }

            progress.CountStreamWait();
            var import = BeginImport(origin, index.DiffId, progress, isUrgent: true);
            lease = await import.WaitForAsync(key, () => _cache.Disk!.GetAsync(key, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (lease.IsHit)
            {
                return lease;
            }

            // The pass ended without it: badly, which is told here, or before this reader came.
            await import.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        throw new OciException(
            OciErrorKind.Storage,
            $"Object {key} of layer sha256:{index.DiffId} was evicted before it could be read, {MaxAttempts} times: the disk tier is too small.");
    }

    /// <summary>Fetches one object by a range, once for all who ask; a miss when that is not possible or not worth it.</summary>
    private async ValueTask<ArtifactLease> FetchRangeAsync(
        LayerOrigin origin, LayerIndex index, int number, LayerProgress progress, CancellationToken cancellationToken)
    {
        var item = index.Objects[number];
        using var pointsLease = await _cache.GetAsync(LayerRecipes.PointsOf(origin.Layer, _options).Key, cancellationToken).ConfigureAwait(false);
        if (!pointsLease.IsHit || TryReadPoints(pointsLease.Content, origin) is not { } points
            || RangeFetcher.Skipped(points, item) > _options.MaxSkippedBytes)
        {
            return ArtifactLease.Miss;
        }

        ThrowIfFailed(index.DiffId);
        var fetcher = new RangeFetcher(_options, origin, progress, _time);
        try
        {
            return await _cache.GetOrFillAsync(
                LayerKinds.KeyOf(item),
                new RangeFill(_stretches, fetcher, index, number, points, pointsLease.Content),
                static (fill, target, token) => fill.RunAsync(target, token),
                cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException exception) when (exception.Kind == CacheErrorKind.NoSpace)
        {
            throw ObjectPacker.Unstorable(PutOutcome.NoSpace, item.Length);
        }
        catch (CacheException exception) when (exception.Kind is CacheErrorKind.Damaged or CacheErrorKind.FillFailed)
        {
            // The points or the index are not of this blob, or the source lies: the whole pass compares everything.
            progress.SetError(exception.Message);
            return ArtifactLease.Miss;
        }
        catch (OciException exception) when (exception.Kind == OciErrorKind.InvalidLayer)
        {
            progress.SetError(exception.Message);
            return ArtifactLease.Miss;
        }
    }

    private static RestartPoints? TryReadPoints(ArtifactContent content, LayerOrigin origin)
    {
        try
        {
            var points = RestartPointFormat.Read(content);
            return points.BlobBytes == origin.Layer.Blob.Size ? points : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
