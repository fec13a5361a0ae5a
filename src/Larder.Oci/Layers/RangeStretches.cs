using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;
using Larder.Oci.References;

namespace Larder.Oci.Layers;

/// <summary>The stretches of blobs that are read now, or were a moment ago: one for all who want objects that it comes by.</summary>
/// <param name="cache">Where objects go.</param>
/// <param name="resting">How many may rest.</param>
internal sealed class RangeStretches(TieredCache cache, int resting) : IAsyncDisposable
{
    private const int CopyBytes = 256 * 1024;

    private readonly Lock _gate = new();

    // Guarded by _gate. The one that has rested longest comes first.
    private readonly Dictionary<OciDigest, List<RangeStretch>> _running = [];
    private readonly List<RangeStretch> _resting = [];
    private bool _isClosed;

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
        var restart = RangeFetcher.StartOf(points, item.ArchiveOffset);
        var asked = new List<RangeStretch>();
        while (true)
        {
            var running = Find(fetcher.Blob, want.Start, restart, asked);
            if (running is null)
            {
                var fresh = new RangeStretch(this, fetcher, points, content, new PassedObjects(cache, index, restart), want);
                running = Enter(fresh, want.Start, restart, asked);
                if (running is null)
                {
                    fresh.Start();
                    await fresh.WaitAsync(want, cancellationToken).ConfigureAwait(false);
                    return;
                }

                fresh.Dispose();
            }

            var (isAdded, passing) = await running.TryAddAsync(want, cancellationToken).ConfigureAwait(false);
            if (isAdded)
            {
                await running.WaitAsync(want, cancellationToken).ConfigureAwait(false);
                return;
            }

            // It has passed the object, and most likely stored it, or is at it.
            await (passing ?? Task.CompletedTask).WaitAsync(cancellationToken).ConfigureAwait(false);
            using var lease = await cache.Disk!.GetAsync(target.Key, cancellationToken).ConfigureAwait(false); // The store has one.
            if (lease.IsHit)
            {
                await CopyAsync(lease.Content, target, cancellationToken).ConfigureAwait(false);
                return;
            }

            asked.Add(running);
        }
    }

    /// <summary>A reading wants to rest; false when it is to end.</summary>
    public bool TryRest(RangeStretch stretch)
    {
        RangeStretch? dismissed = null;
        lock (_gate)
        {
            if (_isClosed || resting == 0)
            {
                return false;
            }

            if (_resting.Count == resting)
            {
                dismissed = _resting[0];
                _resting.RemoveAt(0);
            }

            _resting.Add(stretch);
        }

        dismissed?.Dismiss();
        return true;
    }

    /// <summary>A reading does not rest any more.</summary>
    public void Wake(RangeStretch stretch)
    {
        lock (_gate)
        {
            _resting.Remove(stretch);
        }
    }

    /// <summary>A reading has ended.</summary>
    public void Leave(RangeStretch stretch)
    {
        lock (_gate)
        {
            var all = _running[stretch.Blob]; // Entered before it was started.
            all.Remove(stretch);
            if (all.Count == 0)
            {
                _running.Remove(stretch.Blob);
            }
        }
    }

    /// <summary>Ends those that rest.</summary>
    public async ValueTask DisposeAsync()
    {
        RangeStretch[] all;
        lock (_gate)
        {
            _isClosed = true;
            all = [.. _resting];
        }

        foreach (var stretch in all)
        {
            stretch.Dismiss();
            await stretch.Ended.ConfigureAwait(false);
        }
    }

    private RangeStretch? Find(OciDigest blob, long offset, long restart, List<RangeStretch> asked)
    {
        lock (_gate)
        {
            return FindLocked(blob, offset, restart, asked);
        }
    }

    // The one that is there already, or null.
    private RangeStretch? Enter(RangeStretch fresh, long offset, long restart, List<RangeStretch> asked)
    {
        lock (_gate)
        {
            if (FindLocked(fresh.Blob, offset, restart, asked) is { } running)
            {
                return running;
            }

            if (!_running.TryGetValue(fresh.Blob, out var all))
            {
                _running.Add(fresh.Blob, all = []);
            }

            all.Add(fresh);
            return null;
        }
    }

    // The nearest one that comes by; if there is none, one that has come by and may have stored the object.
    private RangeStretch? FindLocked(OciDigest blob, long offset, long restart, List<RangeStretch> asked)
    {
        RangeStretch? near = null, past = null;
        foreach (var stretch in _running.GetValueOrDefault(blob) ?? [])
        {
            if (asked.Contains(stretch))
            {
                continue;
            }

            if (stretch.Reaches(offset, restart))
            {
                near = near is null || stretch.Position > near.Position ? stretch : near;
            }
            else if (stretch.HasPassed(offset))
            {
                past = stretch;
            }
        }

        return near ?? past;
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
