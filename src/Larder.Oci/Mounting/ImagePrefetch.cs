using Larder.Oci.Indexes;
using Larder.Oci.Merging;

namespace Larder.Oci.Mounting;

/// <summary>Brings files of an image to this node before anyone asks for them.</summary>
public static class ImagePrefetch
{
    private const int Parallel = 8;

    /// <summary>The objects that hold these files, each once, in the order of the files.</summary>
    public static IReadOnlyList<int> ObjectsOf(ImageTree tree, IEnumerable<int> nodes)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(nodes);
        var seen = new HashSet<int>();
        var objects = new List<int>();
        foreach (var node in nodes)
        {
            foreach (ref readonly var extent in tree.GetExtents(node))
            {
                if (seen.Add(extent.Object))
                {
                    objects.Add(extent.Object);
                }
            }
        }

        return objects;
    }

    /// <summary>All files of an image.</summary>
    public static IEnumerable<int> FilesOf(ImageTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        for (var node = ImageTree.Root; node <= tree.NodeCount; node++)
        {
            if (tree.GetNode(node).Type == LayerEntryType.File)
            {
                yield return node;
            }
        }
    }

    /// <summary>Opens objects, a few at a time, so that they are on this node's disk afterwards.</summary>
    /// <param name="content">The image's bytes.</param>
    /// <param name="objects">What is wanted, the most urgent first.</param>
    /// <param name="progress">Told the bytes of objects that are here, so far; may be null.</param>
    /// <param name="cancellationToken">Ends the work early.</param>
    /// <returns>How many objects were not at hand, and their bytes.</returns>
    /// <exception cref="OciException">An object cannot be had.</exception>
    public static async Task<(int Objects, long Bytes)> RunAsync(
        ImageContent content,
        IReadOnlyList<int> objects,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var (fetched, bytes, done) = (0, 0L, 0L);
        await System.Threading.Tasks.Parallel.ForEachAsync(
            objects,
            new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken },
            async (number, stop) =>
            {
                var length = content.Tree.Objects[number].Value.Length;
                if (!content.TryOpen(number, out var lease))
                {
                    lease = await content.OpenAsync(number, stop).ConfigureAwait(false);
                    if (lease.Source != Cache.Artifacts.TierKind.Disk)
                    {
                        Interlocked.Increment(ref fetched);
                        Interlocked.Add(ref bytes, length);
                    }
                }

                lease.Dispose();
                progress?.Report(Interlocked.Add(ref done, length));
            }).ConfigureAwait(false);
        return (fetched, bytes);
    }
}
