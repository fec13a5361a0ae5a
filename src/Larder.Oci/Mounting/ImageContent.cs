using Larder.Cache;
using Larder.Oci.Indexes;
using Larder.Oci.Layers;
using Larder.Oci.Merging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Oci.Mounting;

/// <summary>The bytes of an image's files, from wherever the layer store has them.</summary>
/// <remarks>
/// Safe for use by many threads. Nothing is held open between reads: what is read often is at hand in the store, and what is
/// evicted gives its space back. The index of a layer is needed again only to fetch an object, so it is let go when the
/// layers are merged, and got again when it has to be.
/// </remarks>
public sealed class ImageContent : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly LayerStore _store;
    private readonly LayerOrigin[] _origins;
    private readonly WeakReference<LayerIndex>[] _indexes;
    private readonly LayerCounters[] _counters;
    private readonly bool[] _isLocal; // Written by whoever asks which layers are local, one at a time.
    private readonly HeldObjects _held = new();
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal ImageContent(
        ImageTree tree,
        LayerStore store,
        IReadOnlyList<LayerOrigin> origins,
        IReadOnlyList<LayerIndex> indexes,
        TimeProvider? time = null,
        ILogger? logger = null)
    {
        Tree = tree;
        _store = store;
        _origins = [.. origins];
        _indexes = [.. indexes.Select(static index => new WeakReference<LayerIndex>(index))];
        _counters = [.. origins.Select(static _ => new LayerCounters())];
        _isLocal = new bool[_origins.Length];
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
    }

    /// <summary>The tree whose objects these are.</summary>
    public ImageTree Tree { get; }

    /// <summary>Opens an object that is at hand on this node's disk, without waiting.</summary>
    /// <param name="number">Its number in <see cref="ImageTree.Objects"/>.</param>
    /// <param name="lease">The bytes; the caller disposes it.</param>
    public bool TryOpen(int number, out ObjectLease lease) =>
        _store.TryOpenObject(Tree.Objects[number].Value, out lease) || _held.TryOpen(number, out lease);

    /// <summary>Opens an object wherever it is; what fails for a while is tried again until the caller gives up.</summary>
    /// <param name="number">Its number in <see cref="ImageTree.Objects"/>.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <returns>The bytes; the caller disposes the lease.</returns>
    /// <exception cref="OciException">The object cannot be had, and trying again would not help.</exception>
    public async ValueTask<ObjectLease> OpenAsync(int number, CancellationToken cancellationToken)
    {
        var item = Tree.Objects[number];
        var counters = _counters[item.Layer];
        var began = _time.GetTimestamp();
        for (var pause = FirstPause; ; pause = Shorter(pause * 2, LongestPause))
        {
            try
            {
                var index = await GetIndexAsync(item.Layer, cancellationToken).ConfigureAwait(false);
                var lease = await _store.OpenObjectAsync(_origins[item.Layer], index, item.Number, cancellationToken).ConfigureAwait(false);
                if (!lease.IsInFile)
                {
                    _held.Add(number, lease);
                }

                counters.NoteOpened(lease.Source, item.Value.Length, _time.GetElapsedTime(began));
                return lease;
            }
            catch (Exception exception) when (IsPassing(exception))
            {
                counters.NoteFailed();
                Log.ObjectRetried(_logger, item.Value.Digest, _origins[item.Layer].Source.Name, pause.TotalSeconds, exception.Message);
                await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                counters.NoteFailed();
                throw;
            }
        }
    }

    /// <summary>Copies bytes of a file; holes are zeros.</summary>
    /// <param name="node">The file.</param>
    /// <param name="offset">Offset in the file.</param>
    /// <param name="destination">Where they go.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <returns>How many; fewer than asked for only at the end of the file.</returns>
    /// <exception cref="OciException">The bytes cannot be had.</exception>
    public async ValueTask<int> ReadAsync(int node, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var wanted = (int)Math.Clamp(Tree.GetNode(node).Size - offset, 0, destination.Length);
        var extents = new ExtentCursor(Tree, node, offset, wanted);
        while (extents.MoveNext())
        {
            var part = extents.Current;
            var target = destination.Slice(part.Start, part.Length);
            if (part.Object < 0)
            {
                target.Span.Clear();
                continue;
            }

            using var lease = TryOpen(part.Object, out var atHand)
                ? atHand
                : await OpenAsync(part.Object, cancellationToken).ConfigureAwait(false);
            ReadFully(lease, part, target.Span);
        }

        return wanted;
    }

    /// <summary>What each layer has brought, the lowest first.</summary>
    public IReadOnlyList<ImageLayerStatistics> GetStatistics() =>
        [.. _counters.Select((counters, layer) => counters.Snapshot(_origins[layer].Layer))];

    /// <summary>Forgets what is held in memory.</summary>
    public void Dispose() => _held.Dispose();

    /// <summary>Finds out how much of each layer is on this node's disk; <see cref="LayerStatus.LocalBytes"/> then says so.</summary>
    /// <param name="cancellationToken">Ends it early.</param>
    public async Task FindLocalLayersAsync(CancellationToken cancellationToken)
    {
        for (var layer = 0; layer < _origins.Length; layer++)
        {
            // Asked once more only while something is missing: it costs a look at the file system for each object.
            _isLocal[layer] = _isLocal[layer] || await _store.MeasureLocalAsync(
                await GetIndexAsync(layer, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Notes bytes that a file system read from an object that was at hand.</summary>
    internal void NoteRead(int layer, long bytes) => _counters[Math.Max(0, layer)].NoteRead(bytes);

    internal static void ReadFully(in ObjectLease lease, in ExtentPart part, Span<byte> target)
    {
        for (var done = 0; done < target.Length;)
        {
            var read = lease.Read(part.ObjectOffset + done, target[done..]);
            done += read > 0
                ? read
                : throw new OciException(OciErrorKind.InvalidLayer, "An object is shorter than the layer's index says.");
        }
    }

    internal async ValueTask<LayerIndex> GetIndexAsync(int layer, CancellationToken cancellationToken)
    {
        if (_indexes[layer].TryGetTarget(out var index))
        {
            return index;
        }

        index = await _store.GetIndexAsync(_origins[layer], cancellationToken).ConfigureAwait(false);
        _indexes[layer].SetTarget(index);
        return index;
    }

    private static bool IsPassing(Exception exception) =>
        exception is OciException { IsTransient: true } or CacheException { IsTransient: true };

    private static TimeSpan Shorter(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
