using System.Text;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;

namespace Larder.Oci.Mounting;

/// <summary>Paths in an image: to nodes and from them.</summary>
public static class ImagePaths
{
    private const int LinkLimit = 40;

    /// <summary>Finds a path as a process with the image as its root would.</summary>
    /// <param name="tree">The image.</param>
    /// <param name="path">The path; a slash at the beginning means nothing.</param>
    /// <param name="followsLast">Whether a symbolic link at the end is followed.</param>
    /// <returns>The node; 0 when there is none.</returns>
    public static int Find(ImageTree tree, ReadOnlySpan<byte> path, bool followsLast = true)
    {
        ArgumentNullException.ThrowIfNull(tree);
        var node = ImageTree.Root;
        var rest = path.ToArray();
        for (int at = 0, links = 0; node != 0 && at < rest.Length;)
        {
            var length = rest.AsSpan(at).IndexOf((byte)'/');
            var end = length < 0 ? rest.Length : at + length;
            var name = rest.AsSpan(at, end - at);
            at = end + 1;
            if (name.IsEmpty || name.SequenceEqual("."u8))
            {
                continue;
            }

            var next = name.SequenceEqual(".."u8) ? ParentOf(tree, node) : tree.Find(node, name);
            if (next == 0 || tree.GetNode(next).Type != LayerEntryType.Symlink || (end >= rest.Length && !followsLast))
            {
                node = next;
                continue;
            }

            if (++links > LinkLimit)
            {
                return 0;
            }

            var target = tree.GetTarget(next);
            byte[] followed = [.. target, (byte)'/', .. rest.AsSpan(Math.Min(at, rest.Length))];
            node = target[0] == '/' ? ImageTree.Root : node;
            (rest, at) = (followed, 0);
        }

        return node;
    }

    /// <summary>One of the paths of a node, beginning with a slash.</summary>
    public static byte[] Of(ImageTree tree, int node)
    {
        ArgumentNullException.ThrowIfNull(tree);
        var parts = new List<byte[]>();
        for (; node != ImageTree.Root; node = tree.GetNode(node).Parent)
        {
            parts.Add(NameOf(tree, node));
        }

        parts.Reverse();
        return parts.Count == 0 ? "/"u8.ToArray() : [.. parts.SelectMany(static part => (byte[])[(byte)'/', .. part])];
    }

    /// <summary>One of the paths of a node, for messages.</summary>
    public static string Show(ImageTree tree, int node) => Encoding.UTF8.GetString(Of(tree, node));

    private static int ParentOf(ImageTree tree, int node) =>
        tree.GetNode(node).Type == LayerEntryType.Directory ? tree.GetNode(node).Parent : 0;

    private static byte[] NameOf(ImageTree tree, int node)
    {
        var parent = tree.GetNode(node).Parent;
        for (var position = 0; position < tree.GetEntryCount(parent); position++)
        {
            var name = tree.GetEntry(parent, position, out var found);
            if (found == node)
            {
                return name.ToArray();
            }
        }

        throw new InvalidOperationException("A node has no name in its directory.");
    }
}
