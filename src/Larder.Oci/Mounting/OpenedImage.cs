using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Oci.Indexes;
using Larder.Oci.Layers;
using Larder.Oci.Merging;
using Larder.Oci.Sources;
using Microsoft.Extensions.Logging;

namespace Larder.Oci.Mounting;

/// <summary>An image whose manifest and layer indexes are known: its tree, and the way to the bytes of its files.</summary>
public sealed class OpenedImage
{
    private OpenedImage(ResolvedImage image, ImageTree tree, ImageContent content)
    {
        Image = image;
        Tree = tree;
        Content = content;
    }

    /// <summary>Manifest, configuration and layers.</summary>
    public ResolvedImage Image { get; }

    /// <summary>The merged tree.</summary>
    public ImageTree Tree { get; }

    /// <summary>The bytes of files.</summary>
    public ImageContent Content { get; }

    /// <summary>
    /// Gets the indexes of an image's layers, all at once, and merges them. A layer whose index no tier holds is read once.
    /// </summary>
    /// <param name="store">Where layers are kept.</param>
    /// <param name="source">Where the image was found.</param>
    /// <param name="image">The image.</param>
    /// <param name="logger">Where failures are told; null for nowhere.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">A layer cannot be had, or no file system could hold what is in it.</exception>
    public static async Task<OpenedImage> OpenAsync(
        LayerStore store,
        IImageSource source,
        ResolvedImage image,
        ILogger? logger = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(image);
        LayerOrigin[] origins = [.. image.Layers.Select(layer => new LayerOrigin(source, layer))];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var gets = origins.Select(origin => store.GetIndexAsync(origin, stop.Token).AsTask()).ToArray();
        var indexes = await AllOrFirstFailureAsync(gets, stop).ConfigureAwait(false);
        var tree = ImageTree.Merge(indexes, cancellationToken);
        return new OpenedImage(image, tree, new ImageContent(tree, store, origins, indexes, logger: logger));
    }

    /// <summary>The same, for what another resolving of the same manifest said.</summary>
    /// <param name="image">What it said.</param>
    public OpenedImage As(ResolvedImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.ManifestDescriptor.Digest == Image.ManifestDescriptor.Digest
            ? new OpenedImage(image, Tree, Content)
            : throw new ArgumentException($"{image.Reference} is another image.", nameof(image));
    }

    /// <summary>
    /// A digest of what node numbers mean: the same for the same image and the same way of merging, so that a mount is not
    /// served on by a program that numbers nodes otherwise.
    /// </summary>
    internal Fingerprint GetNumbering()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> row = stackalloc byte[8];
        for (var node = ImageTree.Root; node <= Tree.NodeCount; node++)
        {
            for (var position = 0; position < Tree.GetEntryCount(node); position++)
            {
                var name = Tree.GetEntry(node, position, out var child);
                BinaryPrimitives.WriteInt32LittleEndian(row, child);
                BinaryPrimitives.WriteInt32LittleEndian(row[4..], name.Length);
                hash.AppendData(row);
                hash.AppendData(name);
            }
        }

        return Fingerprint.FromHash(hash);
    }

    // One layer that fails ends the others, and its failure is told, not their cancellation.
    private static async Task<LayerIndex[]> AllOrFirstFailureAsync(Task<LayerIndex>[] gets, CancellationTokenSource stop)
    {
        await foreach (var finished in Task.WhenEach(gets).ConfigureAwait(false))
        {
            if (!finished.IsCompletedSuccessfully)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await ((Task)Task.WhenAll(gets)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await finished.ConfigureAwait(false);
            }
        }

        return await Task.WhenAll(gets).ConfigureAwait(false);
    }
}
