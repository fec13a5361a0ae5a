using Larder.Cache;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>
/// What is in layers: their indexes, and the bytes of their files, from wherever they are nearest.
/// </summary>
/// <remarks>All members are safe for use by many threads.</remarks>
public sealed partial class LayerStore : IAsyncDisposable
{
    private readonly TieredCache _cache;

    /// <summary>Creates a store over a cache, which must have a disk tier.</summary>
    public LayerStore(TieredCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        _cache = cache;
    }

    /// <summary>The index of a layer; one that no tier holds is made by reading the layer once.</summary>
    /// <param name="origin">The layer.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <exception cref="OciException">The layer cannot be had, or is not what it claims to be.</exception>
#pragma warning disable CA1822 // Its body comes with the importer.
    public ValueTask<LayerIndex> GetIndexAsync(LayerOrigin origin, CancellationToken cancellationToken = default) =>
        ValueTask.FromException<LayerIndex>(cancellationToken.IsCancellationRequested
            ? new OperationCanceledException(cancellationToken)
            : new OciException(OciErrorKind.Unsupported, $"Layer {origin.Layer.DiffId} cannot be read yet."));
#pragma warning restore CA1822

    /// <summary>Opens an object that lies on this node's disk and is at hand, without waiting for anything.</summary>
    /// <param name="item">An object of an index.</param>
    /// <param name="lease">The bytes; the caller disposes it.</param>
    public bool TryOpenObject(in LayerObject item, out ObjectLease lease)
    {
        if (_cache.TryGetAtHand(LayerKinds.KeyOf(item), out var found))
        {
            lease = new ObjectLease(found, 0, item.Length, item.Kind == LayerObjectKind.File);
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
    public ValueTask<ObjectLease> OpenObjectAsync(
        LayerOrigin origin, LayerIndex index, int number, CancellationToken cancellationToken = default) =>
        TryOpenObject(index.Objects[number], out var lease)
            ? new ValueTask<ObjectLease>(lease)
            : ValueTask.FromException<ObjectLease>(cancellationToken.IsCancellationRequested
                ? new OperationCanceledException(cancellationToken)
                : new OciException(OciErrorKind.Unsupported, $"Layer {origin.Layer.DiffId} cannot be read yet."));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
