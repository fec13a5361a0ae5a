using System.Collections.Concurrent;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>
/// What is in layers: their indexes, and the bytes of their files, from wherever they are nearest.
/// </summary>
/// <remarks>
/// <para>An object is looked for on this node's disk, then in the remote tier, then in the layer's source: by a range that begins at
/// a restart point, when those are known and near enough; otherwise by reading the layer as a whole. A layer is read by one pass at a
/// time in this process however many ask; a pass makes everything, and whoever waits for an object gets it when the pass comes to
/// it. A layer that a reader waits for goes before others.</para>
/// <para>Nothing is believed: the source compares the blob's digest, a pass the diff id, and every object is stored under the
/// digest of its own bytes.</para>
/// <para>All members are safe for use by many threads. Lock order: none is held while another is taken.</para>
/// </remarks>
public sealed partial class LayerStore : IAsyncDisposable
{
    private const int MaxKnownLayers = 4096;

    private readonly TieredCache _cache;
    private readonly LayerStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ImportTurns _turns;
    private readonly RangeStretches _stretches;
    private readonly DecompressedLayers? _decompressed;
    private readonly CancellationTokenSource _closing = new();

    private readonly ConcurrentDictionary<Fingerprint, LayerProgress> _layers = new();
    private readonly ConcurrentDictionary<Fingerprint, (OciException Error, long At)> _failures = new();
    private readonly Lock _gate = new();

    // Guarded by _gate: the passes that run or wait for their turn, and uploads in the background.
    private readonly Dictionary<Fingerprint, LayerImport> _imports = [];
    private readonly HashSet<Task> _publishing = [];
    private bool _isClosed;

    /// <summary>Creates a store.</summary>
    /// <param name="cache">Where everything is kept. Has a disk tier, and treats kinds as <see cref="LayerKinds.Complete"/> says.</param>
    /// <param name="options">How layers are taken apart; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="OciException">An option is out of range, or the cache cannot hold layers.</exception>
    public LayerStore(TieredCache cache, LayerStoreOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        _cache = cache;
        _options = options ?? new LayerStoreOptions();
        _options.Validate();
        _time = time ?? TimeProvider.System;
        _turns = new ImportTurns(_options.ParallelImports);
        _stretches = new RangeStretches(cache, _options.RestingReadings);
        _decompressed = _options.Decompressed is { } decompressed ? new DecompressedLayers(cache, decompressed) : null;
        foreach (var kind in (ArtifactKind[])[LayerKinds.File, LayerKinds.Pack])
        {
            if (cache.Disk is null || cache.OptionsFor(kind) is not { ContentAddressed: true, Memory: false })
            {
                throw new OciException(
                    OciErrorKind.Configuration, $"Layers need a cache with a disk tier that keeps kind '{kind}' as LayerKinds says.");
            }
        }
    }

    /// <summary>The index of a layer; one that no tier holds is made by reading the layer once.</summary>
    /// <param name="origin">The layer.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <exception cref="OciException">The layer cannot be had, or is not what it claims to be.</exception>
    public async ValueTask<LayerIndex> GetIndexAsync(LayerOrigin origin, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(origin);
        var diffId = DiffIdOf(origin);
        var progress = ProgressOf(origin, diffId);
        var recipe = LayerRecipes.IndexOf(diffId, _options);
        using (var lease = await _cache.GetAsync(recipe.Key, cancellationToken).ConfigureAwait(false))
        {
            if (lease.IsHit && TryDecode(lease.Content, diffId) is { } index)
            {
                progress.SetObjects(index.Objects.Length);
                return index;
            }
        }

        var waited = progress.BeginWait();
        try
        {
            return await BeginImport(origin, diffId, progress, isUrgent: false).Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            progress.EndWait(waited);
        }
    }

    /// <summary>Opens an object that lies on this node's disk and is at hand, without waiting for anything.</summary>
    /// <param name="item">An object of an index.</param>
    /// <param name="lease">The bytes; the caller disposes it.</param>
    public bool TryOpenObject(in LayerObject item, out ObjectLease lease)
    {
        if (_cache.TryGetAtHand(LayerKinds.KeyOf(item), out var found))
        {
            lease = Wrap(item, found);
            return true;
        }

        lease = default;
        return false;
    }

    /// <summary>Opens an object wherever it is: on disk, in the remote tier, or in the source of the layer.</summary>
    /// <param name="origin">The layer.</param>
    /// <param name="index">Its index.</param>
    /// <param name="number">Number of the object in <see cref="LayerIndex.Objects"/>.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <returns>The bytes; the caller disposes the lease.</returns>
    /// <exception cref="OciException">The object cannot be had, or is not what its digest says.</exception>
    public async ValueTask<ObjectLease> OpenObjectAsync(
        LayerOrigin origin, LayerIndex index, int number, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentNullException.ThrowIfNull(index);
        var item = index.Objects[number];
        var progress = ProgressOf(origin, index.DiffId);
        if (TryOpenObject(item, out var atHand))
        {
            progress.CountHit(TierKind.Disk, item.Length);
            return atHand;
        }

        var waited = progress.BeginWait();
        try
        {
            return Wrap(item, await FindAsync(origin, index, number, progress, cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            progress.EndWait(waited);
        }
    }

    /// <summary>Brings a layer to this node as a whole, unless all of it is there.</summary>
    /// <param name="origin">The layer.</param>
    /// <param name="cancellationToken">Gives up waiting; a pass that has begun goes on.</param>
    /// <returns>Its index.</returns>
    /// <exception cref="OciException">The layer cannot be had, or is not what it claims to be.</exception>
    public async ValueTask<LayerIndex> ImportAsync(LayerOrigin origin, CancellationToken cancellationToken = default)
    {
        var index = await GetIndexAsync(origin, cancellationToken).ConfigureAwait(false);
        if (await IsFullyLocalAsync(index, cancellationToken).ConfigureAwait(false))
        {
            return index;
        }

        var import = BeginImport(origin, index.DiffId, ProgressOf(origin, index.DiffId), isUrgent: false);
        return await import.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether every object of a layer is on this node's disk now. Asks the file system once an object.</summary>
    public async ValueTask<bool> IsFullyLocalAsync(LayerIndex index, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(index);
        var isLocal = true;
        for (var number = 0; isLocal && number < index.Objects.Length; number++)
        {
            // The constructor has seen the disk tier.
            isLocal = await _cache.Disk!.ContainsAsync(LayerKinds.KeyOf(index.Objects[number]), cancellationToken).ConfigureAwait(false);
        }

        if (_layers.TryGetValue(index.DiffId, out var progress))
        {
            progress.SetFullyLocal(isLocal);
        }

        return isLocal;
    }

    /// <summary>
    /// Finds out how much of a layer is on this node's disk now, for <see cref="LayerStatus.LocalBytes"/> and
    /// <see cref="LayerStatus.IsFullyLocal"/>. Asks the file system once an object.
    /// </summary>
    /// <returns>Whether all of it is.</returns>
    internal async ValueTask<bool> MeasureLocalAsync(LayerIndex index, CancellationToken cancellationToken)
    {
        long all = 0, local = 0;
        for (var number = 0; number < index.Objects.Length; number++)
        {
            var item = index.Objects[number];
            all += item.Length;
            local += await _cache.Disk!.ContainsAsync(LayerKinds.KeyOf(item), cancellationToken).ConfigureAwait(false) ? item.Length : 0;
        }

        if (_layers.TryGetValue(index.DiffId, out var progress))
        {
            progress.SetLocal(local, all);
            progress.SetFullyLocal(local == all);
        }

        return local == all;
    }

    /// <summary>What became of a layer so far; null when this process was not asked for it.</summary>
    public LayerStatus? GetStatus(Fingerprint diffId) => _layers.TryGetValue(diffId, out var progress) ? progress.Snapshot() : null;

    /// <summary>What became of all layers that this process was asked for.</summary>
    public IReadOnlyList<LayerStatus> GetStatuses() => [.. _layers.Values.Select(static progress => progress.Snapshot())];

    /// <summary>Stops passes and uploads, and waits for their ends. The cache stays open.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] tasks;
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            tasks = [.. _imports.Values.Select(static import => (Task)import.Completion), .. _publishing];
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stretches.DisposeAsync().ConfigureAwait(false);
        _closing.Dispose();
        _decompressed?.Dispose();
    }

    private static Fingerprint DiffIdOf(LayerOrigin origin) => origin.Layer.DiffId.TryGetFingerprint(out var diffId)
        ? diffId
        : throw new OciException(OciErrorKind.Unsupported, $"Layer {origin.Layer.DiffId} is not named by SHA-256.");

    private ObjectLease Wrap(in LayerObject item, ArtifactLease lease) =>
        new(lease, 0, item.Length, item.Kind == LayerObjectKind.File && _decompressed is null);

    private static LayerIndex? TryDecode(ArtifactContent content, Fingerprint diffId)
    {
        var bytes = new byte[content.Length];
        for (var have = 0; have < bytes.Length;)
        {
            have += content.Read(have, bytes.AsSpan(have));
        }

        try
        {
            var index = LayerIndexFormat.Decode(bytes);
            return index.DiffId == diffId ? index : null;
        }
        catch (OciException)
        {
            // Written by something else than this: made anew.
            return null;
        }
    }

    private LayerProgress ProgressOf(LayerOrigin origin, Fingerprint diffId)
    {
        if (_layers.TryGetValue(diffId, out var progress))
        {
            return progress;
        }

        // A node that lives long forgets the figures of layers rather than grow.
        if (_layers.Count >= MaxKnownLayers && _layers.Keys.FirstOrDefault() is var first)
        {
            _layers.TryRemove(first, out _);
        }

        return _layers.GetOrAdd(diffId, new LayerProgress(diffId, origin.Layer.Blob.Size, _time));
    }
}
