using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;
using Larder.Oci.References;

namespace Larder.Oci.Layers;

/// <summary>The stretches of blobs that are read now: one at a time behind each restart point, however many want objects there.</summary>
internal sealed class RangeStretches(TieredCache cache)
{
    private const int CopyBytes = 256 * 1024;

    private readonly Lock _gate = new();

    // Guarded by _gate: by blob, and by where in the archive they begin.
    private readonly Dictionary<(OciDigest Blob, long Start), RangeStretch> _running = [];

    /// <summary>Writes the bytes of an object.</summary>
    /// <param name="fetcher">Knows the blob.</param>
    /// <param name="index">The index that names the object.</param>
    /// <param name="number">Its number.</param>
    /// <param name="points">The restart points of the blob.</param>
    /// <param name="content">What they were read from.</param>
    /// <param name="target">Where the bytes go.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">The source does not have the bytes, or the disk does not take them.</exception>
    public async ValueTask FetchAsync(
        RangeFetcher fetcher,
        LayerIndex index,
        int number,
        RestartPoints points,
        ArtifactContent content,
        ArtifactWriter target,
        CancellationToken cancellationToken)
    {
        fetcher.CountFetch();
        var item = index.Objects[number];
        var want = new RangeWant(item, RangeFetcher.PiecesOf(index, number), target);
        var key = (fetcher.Blob, RangeFetcher.StartOf(points, item.ArchiveOffset));
        while (true)
        {
            var running = Find(key);
            if (running is null)
            {
                var fresh = new RangeStretch(fetcher, points, content, new PassedObjects(cache, index, key.Item2), want);
                running = Enter(key, fresh);
                if (running is null)
                {
                    fresh.Start(() => Leave(key));
                    await fresh.WaitAsync(want, cancellationToken).ConfigureAwait(false);
                    return;
                }

                fresh.Dispose();
            }

            if (await running.TryAddAsync(want, cancellationToken).ConfigureAwait(false))
            {
                await running.WaitAsync(want, cancellationToken).ConfigureAwait(false);
                return;
            }

            // It has passed the object, and most likely stored it.
            await running.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
            using var lease = await cache.Disk!.GetAsync(target.Key, cancellationToken).ConfigureAwait(false); // The store has one.
            if (lease.IsHit)
            {
                await CopyAsync(lease.Content, target, cancellationToken).ConfigureAwait(false);
                return;
            }
        }
    }

    private RangeStretch? Find((OciDigest Blob, long Start) key)
    {
        lock (_gate)
        {
            return _running.GetValueOrDefault(key);
        }
    }

    // The one that was there before, or null.
    private RangeStretch? Enter((OciDigest Blob, long Start) key, RangeStretch fresh)
    {
        lock (_gate)
        {
            if (_running.TryGetValue(key, out var running))
            {
                return running;
            }

            _running.Add(key, fresh);
            return null;
        }
    }

    private void Leave((OciDigest Blob, long Start) key)
    {
        lock (_gate)
        {
            _running.Remove(key);
        }
    }

    private static async ValueTask CopyAsync(ArtifactContent content, ArtifactWriter target, CancellationToken cancellationToken)
    {
        var buffer = new byte[(int)Math.Min(CopyBytes, content.Length)];
        for (var done = 0L; done < content.Length;)
        {
            var count = content.Read(done, buffer);
            var outcome = await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            if (outcome != PutOutcome.Stored)
            {
                throw ObjectPacker.Unstorable(outcome, content.Length);
            }

            done += count;
        }
    }
}
