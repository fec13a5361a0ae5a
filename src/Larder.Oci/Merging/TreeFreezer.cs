using System.Buffers;
using Larder.Cache.Fingerprints;
using Larder.Oci.Indexes;

namespace Larder.Oci.Merging;

/// <summary>Makes the immutable tree of one that all layers were applied to.</summary>
/// <remarks>
/// Directories are taken breadth first, and nodes are numbered as they are met: the nodes of a directory's files lie behind
/// each other, as a listing with attributes reads them.
/// </remarks>
internal sealed class TreeFreezer(MergeTree tree, IReadOnlyList<LayerIndex> layers)
{
    private const long DirectorySize = 4_096;

    private readonly ArrayBufferWriter<byte> _text = new(64 * 1024);
    private readonly List<ImageTree.DirectoryEntry> _entries = new(tree.NameCount);
    private readonly List<ImageNode> _nodes = new(tree.InodeCount + 1) { default };
    private readonly List<ImageExtent> _extents = new(tree.InodeCount);
    private readonly List<ImageObject> _objects = [];
    private readonly List<IReadOnlyList<LayerXattr>> _xattrSets = [];
    private readonly Dictionary<Fingerprint, int> _objectNumbers = [];

    // By layer and number there, 0 for not yet; else the number here and one.
    private readonly int[][] _knownObjects = [.. layers.Select(static layer => new int[layer.Objects.Length])];
    private readonly int[][] _knownXattrs = [.. layers.Select(static layer => new int[layer.XattrSets.Count])];

    // The node of each inode, 0 for none yet.
    private readonly int[] _nodeOf = new int[tree.InodeCount];

    /// <summary>Makes the tree.</summary>
    public ImageTree Freeze()
    {
        var directories = new Queue<(int Name, int Node)>();
        directories.Enqueue((MergeTree.Root, AddNode(tree[MergeTree.Root].Inode, ImageTree.Root)));
        var children = new List<int>();
        while (directories.TryDequeue(out var directory))
        {
            children.Clear();
            for (var name = tree[directory.Name].FirstChild; name != MergeTree.None; name = tree[name].Next)
            {
                children.Add(name);
            }

            children.Sort((left, right) => tree.TextOf(left).SequenceCompareTo(tree.TextOf(right)));
            AddEntries(directory.Node, children, directories);
        }

        return new ImageTree(
            [.. _nodes], [.. _entries], _text.WrittenSpan.ToArray(), [.. _extents], [.. _objects], [.. _xattrSets]);
    }

    private void AddEntries(int directory, List<int> children, Queue<(int Name, int Node)> directories)
    {
        var first = _entries.Count;
        var subdirectories = 0u;
        foreach (var name in children)
        {
            var text = tree.TextOf(name);
            var inode = tree[name].Inode;
            var node = _nodeOf[inode] is var known and not 0 ? known : AddNode(inode, directory);
            _entries.Add(new ImageTree.DirectoryEntry(_text.WrittenCount, node, (byte)text.Length));
            _text.Write(text);
            if (tree.GetInode(inode).Type == LayerEntryType.Directory)
            {
                subdirectories++;
                directories.Enqueue((name, node));
            }
        }

        _nodes[directory] = _nodes[directory].AsDirectory(first, children.Count, 2 + subdirectories, DirectorySize);
    }

    private int AddNode(int inode, int parent)
    {
        var number = _nodes.Count;
        _nodeOf[inode] = number;
        ref readonly var source = ref tree.GetInode(inode);
        if (source.Layer == MergeTree.Inode.Implicit)
        {
            _nodes.Add(new ImageNode
            {
                Type = LayerEntryType.Directory, Mode = 0x1ED, Layer = -1, Parent = parent, XattrSet = -1,
            });
            return number;
        }

        var layer = layers[source.Layer];
        var entry = layer[source.Entry];
        var (first, count, stored) = AddContent(source, entry.Type, layer);
        _nodes.Add(new ImageNode
        {
            Type = source.Type,
            Mode = entry.Mode,
            UserId = entry.UserId,
            GroupId = entry.GroupId,
            LinkCount = (uint)source.Links,
            Size = entry.Type == LayerEntryType.Symlink ? count : entry.Size,
            StoredBytes = stored,
            ModifiedSeconds = entry.ModifiedSeconds,
            ModifiedNanoseconds = entry.ModifiedNanoseconds,
            DeviceMajor = entry.DeviceMajor,
            DeviceMinor = entry.DeviceMinor,
            Layer = source.Layer,
            Parent = parent,
            First = first,
            Count = count,
            XattrSet = AddXattrs(source.Layer, layer.GetXattrSet(source.Entry)),
        });
        return number;
    }

    private (int First, int Count, long Stored) AddContent(in MergeTree.Inode source, LayerEntryType type, LayerIndex layer)
    {
        if (type == LayerEntryType.Symlink)
        {
            var first = _text.WrittenCount;
            var target = layer.GetLinkTarget(source.Entry);
            _text.Write(target);
            return (first, target.Length, 0);
        }

        var begin = _extents.Count;
        var stored = 0L;
        foreach (ref readonly var extent in layer.GetExtents(source.Entry))
        {
            var number = AddObject(source.Layer, extent.Object, layer);
            _extents.Add(new ImageExtent(extent.Offset, extent.Length, extent.ObjectOffset, number));
            stored += extent.Length;
        }

        return (begin, _extents.Count - begin, stored);
    }

    private int AddObject(int layer, int number, LayerIndex index)
    {
        ref var known = ref _knownObjects[layer][number];
        if (known == 0)
        {
            var value = index.Objects[number];
            if (!_objectNumbers.TryGetValue(value.Digest, out var same))
            {
                same = _objects.Count;
                _objects.Add(new ImageObject(layer, number, value));
                _objectNumbers.Add(value.Digest, same);
            }

            known = same + 1;
        }

        return known - 1;
    }

    private int AddXattrs(int layer, int set)
    {
        if (set < 0)
        {
            return -1;
        }

        ref var known = ref _knownXattrs[layer][set];
        if (known == 0)
        {
            _xattrSets.Add(layers[layer].XattrSets[set]);
            known = _xattrSets.Count;
        }

        return known - 1;
    }
}
