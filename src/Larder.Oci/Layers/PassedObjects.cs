using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>Stores the objects that lie completely in a stretch of an archive that is read for others, and are not here yet.</summary>
/// <remarks>For one thread at a time. What cannot be stored is left: nobody waits for it.</remarks>
internal sealed class PassedObjects : IAsyncDisposable
{
    private readonly TieredCache _cache;
    private readonly LayerIndex _index;
    private readonly List<int> _numbers = [];
    private readonly List<RangeWant> _writing = [];
    private int _next;

    /// <param name="cache">Where objects go.</param>
    /// <param name="index">The index of the layer.</param>
    /// <param name="start">Where the stretch begins in the archive.</param>
    public PassedObjects(TieredCache cache, LayerIndex index, long start)
    {
        _cache = cache;
        _index = index;
        for (var number = 0; number < index.Objects.Length; number++)
        {
            if (index.Objects[number].ArchiveOffset >= start)
            {
                _numbers.Add(number);
            }
        }

        _numbers.Sort((left, right) => index.Objects[left].ArchiveOffset.CompareTo(index.Objects[right].ArchiveOffset));
    }

    /// <summary>Ends when an object that is being stored is stored, or will not be; null when it is not being stored.</summary>
    public Task? Find(ArtifactKey key) => _writing.Find(want => want.Target.Key == key)?.Completion;

    /// <summary>Takes what it needs of a chunk of the archive.</summary>
    /// <param name="start">Where the chunk stands in the archive.</param>
    /// <param name="chunk">The bytes that come next, or the last ones once more, when the stretch was to end there and goes on.</param>
    /// <param name="end">Where the stretch ends, as far as is known.</param>
    /// <param name="wants">Objects that others take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask TakeAsync(
        long start, ReadOnlyMemory<byte> chunk, long end, List<RangeWant> wants, CancellationToken cancellationToken)
    {
        while (_next > 0 && _index.Objects[_numbers[_next - 1]].ArchiveOffset >= start)
        {
            _next--;
        }

        for (; _next < _numbers.Count && _index.Objects[_numbers[_next]].ArchiveOffset < start + chunk.Length; _next++)
        {
            await BeginAsync(_numbers[_next], end, wants, cancellationToken).ConfigureAwait(false);
        }

        for (var number = _writing.Count - 1; number >= 0; number--)
        {
            var want = _writing[number];
            if (await IsDoneAsync(want, start, chunk, cancellationToken).ConfigureAwait(false))
            {
                _writing.RemoveAt(number);
                await want.Target.DisposeAsync().ConfigureAwait(false);
                want.Succeed(); // Or not: who waits for it looks on the disk.
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var want in _writing)
        {
            await want.Target.DisposeAsync().ConfigureAwait(false);
            want.Succeed();
        }

        _writing.Clear();
    }

    private async ValueTask BeginAsync(int number, long end, List<RangeWant> wants, CancellationToken cancellationToken)
    {
        var item = _index.Objects[number];
        var key = LayerKinds.KeyOf(item);
        if (item.ArchiveOffset + item.ArchiveLength <= end
            && !wants.Exists(want => want.Target.Key == key)
            && !_writing.Exists(want => want.Target.Key == key)
            && !await _cache.Disk!.ContainsAsync(key, cancellationToken).ConfigureAwait(false)) // The store's constructor has seen it.
        {
            _writing.Add(new RangeWant(item, RangeFetcher.PiecesOf(_index, number), _cache.BeginWrite(key, item.Length)));
        }
    }

    private static async ValueTask<bool> IsDoneAsync(
        RangeWant want, long start, ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        try
        {
            if (!await want.TakeAsync(start, chunk, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            var (_, lease) = await want.Target.CommitAsync(ArtifactWriter.AsWritten, cancellationToken).ConfigureAwait(false);
            lease.Dispose();
        }
        catch (Exception exception) when (exception is OciException or CacheException or IOException)
        {
            // The disk has no room, or the bytes are others: whoever wants the object is told.
        }

        return true;
    }
}
