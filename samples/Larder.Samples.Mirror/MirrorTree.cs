using System.Text;
using Larder.Fuse;

namespace Larder.Samples.Mirror;

/// <summary>
/// A directory tree as it was when it was scanned. Node numbers depend on the names alone, so that a process that scans the same
/// tree again gives the same numbers: that is what makes a mount survive its process.
/// </summary>
internal sealed class MirrorTree
{
    private readonly List<Node> _nodes = [new Node()]; // Place 0 is no node.
    private readonly Dictionary<(ulong Device, ulong Inode), ulong> _links = [];

    public MirrorTree(string root)
    {
        Root = root;
        Add(root, FuseFileSystem.RootNode);
    }

    public string Root { get; }

    public int Count => _nodes.Count - 1;

    /// <summary>A node; null for a number that is not one.</summary>
    public Node? this[ulong node] => node > 0 && node < (ulong)_nodes.Count ? _nodes[(int)node] : null;

    private ulong Add(string path, ulong parent)
    {
        var attributes = HostFiles.GetAttributes(path, out var device);
        var type = attributes.Mode & FuseAttributes.TypeMask;
        var isLinked = attributes.LinkCount > 1 && type != FuseAttributes.Directory;
        if (isLinked && _links.TryGetValue((device, attributes.Inode), out var known))
        {
            return known;
        }

        var number = (ulong)_nodes.Count;
        var node = new Node
        {
            Path = path,
            Parent = parent,
            Attributes = attributes with { Inode = number },
            Target = type == FuseAttributes.SymbolicLink ? Encoding.UTF8.GetBytes(new FileInfo(path).LinkTarget!) : [],
        };
        _nodes.Add(node);
        if (isLinked)
        {
            _links[(device, attributes.Inode)] = number;
        }

        if (type == FuseAttributes.Directory)
        {
            foreach (var child in Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal))
            {
                var name = Encoding.UTF8.GetBytes(Path.GetFileName(child));
                var childNode = Add(child, number);
                node.Names.Add((name, childNode));
                node.ByName[name] = childNode;
            }
        }

        return number;
    }

    /// <summary>One file, directory or whatever else.</summary>
    internal sealed class Node
    {
        private Dictionary<byte[], ulong>? _byName;
        private List<(byte[] Name, ulong Node)>? _names;

        public string Path { get; init; } = string.Empty;

        public ulong Parent { get; init; }

        public FuseAttributes Attributes { get; init; }

        public byte[] Target { get; init; } = [];

        public List<(byte[] Name, ulong Node)> Names => _names ??= [];

        public Dictionary<byte[], ulong> ByName => _byName ??= new(NameComparer.Instance);

        public bool IsDirectory => (Attributes.Mode & FuseAttributes.TypeMask) == FuseAttributes.Directory;

        public ulong Find(ReadOnlySpan<byte> name) =>
            _byName is not null && _byName.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var node) ? node : 0;
    }
}
