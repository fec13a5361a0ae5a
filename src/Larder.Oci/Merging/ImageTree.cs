using Larder.Oci.Indexes;

namespace Larder.Oci.Merging;

/// <summary>The file tree of an image: all of its layers merged.</summary>
/// <remarks>
/// Immutable, safe for any number of threads; nothing here allocates but enumerating attributes. Rows of flat arrays: a node
/// is known by its row, which is what a mount gives the kernel as the inode number; a directory's entries are rows behind
/// each other, sorted by the bytes of their names, so that a lookup is a binary search and going on with a listing is an
/// addition. A million files take about 150 MB.
/// </remarks>
public sealed class ImageTree
{
    /// <summary>The node of the root directory. There is no node 0.</summary>
    public const int Root = 1;

    private readonly ImageNode[] _nodes;
    private readonly DirectoryEntry[] _entries;
    private readonly byte[] _text;
    private readonly ImageExtent[] _extents;
    private readonly ImageObject[] _objects;
    private readonly IReadOnlyList<LayerXattr>[] _xattrSets;

    internal ImageTree(
        ImageNode[] nodes,
        DirectoryEntry[] entries,
        byte[] text,
        ImageExtent[] extents,
        ImageObject[] objects,
        IReadOnlyList<LayerXattr>[] xattrSets)
    {
        _nodes = nodes;
        _entries = entries;
        _text = text;
        _extents = extents;
        _objects = objects;
        _xattrSets = xattrSets;
        foreach (ref readonly var node in nodes.AsSpan(Root))
        {
            FileBytes += node.Type == LayerEntryType.File ? node.Size : 0;
        }
    }

    /// <summary>Number of nodes; the highest node has this number.</summary>
    public int NodeCount => _nodes.Length - 1;

    /// <summary>Number of names, the root not counted.</summary>
    public int NameCount => _entries.Length;

    /// <summary>Bytes of all files, holes included.</summary>
    public long FileBytes { get; }

    /// <summary>The objects that hold the bytes of files; those that several layers have are listed once.</summary>
    public ReadOnlySpan<ImageObject> Objects => _objects;

    /// <summary>Whether any node has an extended attribute.</summary>
    public bool HasXattrs => _xattrSets.Length > 0;

    /// <summary>Merges the layers of an image.</summary>
    /// <param name="layers">The layers, the lowest first.</param>
    /// <param name="cancellationToken">Ends the work early.</param>
    /// <exception cref="OciException">No file system could hold what the layers ask for.</exception>
    public static ImageTree Merge(IReadOnlyList<LayerIndex> layers, CancellationToken cancellationToken = default)
    {
        var tree = new MergeTree((int)Math.Min(MergeTree.Limit, layers.Sum(static layer => layer.Count + 1L)));
        var merger = new LayerMerger(tree, layers);
        for (var layer = 0; layer < layers.Count; layer++)
        {
            merger.Apply(layer, cancellationToken);
        }

        return new TreeFreezer(tree, layers).Freeze();
    }

    /// <summary>Whether there is a node of this number.</summary>
    public bool Contains(ulong node) => node - Root < (ulong)NodeCount;

    /// <summary>A node.</summary>
    public ref readonly ImageNode GetNode(int node) => ref _nodes[node];

    /// <summary>Finds a name in a directory.</summary>
    /// <returns>The node; 0 when there is no such name, or <paramref name="directory"/> is none.</returns>
    public int Find(int directory, ReadOnlySpan<byte> name)
    {
        ref readonly var node = ref _nodes[directory];
        if (node.Type != LayerEntryType.Directory)
        {
            return 0;
        }

        var (low, high) = (node.First, node.First + node.Count - 1);
        while (low <= high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            var order = NameOf(_entries[middle]).SequenceCompareTo(name);
            if (order == 0)
            {
                return _entries[middle].Node;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return 0;
    }

    /// <summary>Number of names in a directory; 0 for everything else.</summary>
    public int GetEntryCount(int directory) =>
        _nodes[directory].Type == LayerEntryType.Directory ? _nodes[directory].Count : 0;

    /// <summary>A name of a directory, in the order of bytes, from 0.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="position">Which of its names.</param>
    /// <param name="node">What it names.</param>
    public ReadOnlySpan<byte> GetEntry(int directory, int position, out int node)
    {
        ref readonly var entry = ref _entries[_nodes[directory].First + position];
        node = entry.Node;
        return NameOf(entry);
    }

    /// <summary>The target of a symbolic link; empty for everything else.</summary>
    public ReadOnlySpan<byte> GetTarget(int node)
    {
        ref readonly var row = ref _nodes[node];
        return row.Type == LayerEntryType.Symlink ? _text.AsSpan(row.First, row.Count) : [];
    }

    /// <summary>The extents of a file, ascending; empty for everything else.</summary>
    public ReadOnlySpan<ImageExtent> GetExtents(int node)
    {
        ref readonly var row = ref _nodes[node];
        return row.Type == LayerEntryType.File ? _extents.AsSpan(row.First, row.Count) : [];
    }

    /// <summary>The extended attributes of a node, ordered by name.</summary>
    public IReadOnlyList<LayerXattr> GetXattrs(int node) =>
        _nodes[node].XattrSet is var set and >= 0 ? _xattrSets[set] : [];

    private ReadOnlySpan<byte> NameOf(in DirectoryEntry entry) => _text.AsSpan(entry.Text, entry.Length);

    internal readonly record struct DirectoryEntry(int Text, int Node, byte Length);
}
