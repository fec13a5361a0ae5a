using System.Globalization;
using System.Text;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;

namespace Larder.Tests.Oci.Merging;

/// <summary>A tree as lines, one a path, so that trees can be compared and read.</summary>
internal static class TreeText
{
    /// <summary>Every path with type, mode, time, target, extents and the group of its hard links, ordered.</summary>
    public static List<string> Lines(ImageTree tree)
    {
        var lines = new List<string>();
        var first = new Dictionary<int, string>();
        Add(ImageTree.Root, "");
        return lines;

        void Add(int node, string path)
        {
            lines.Add(Line(tree, node, path, first));
            for (var position = 0; position < tree.GetEntryCount(node); position++)
            {
                var name = Encoding.Latin1.GetString(tree.GetEntry(node, position, out var child));
                Assert.Equal(child, tree.Find(node, Encoding.Latin1.GetBytes(name)));
                Add(child, path + "/" + name);
            }
        }
    }

    /// <summary>The paths alone.</summary>
    public static string Paths(ImageTree tree) =>
        string.Join(' ', Lines(tree).Skip(1).Select(static line => line.Split('\t')[0]));

    /// <summary>The node of a path without links.</summary>
    public static int Node(this ImageTree tree, string path)
    {
        var node = ImageTree.Root;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            node = tree.Find(node, Encoding.Latin1.GetBytes(part));
        }

        return node;
    }

    private static string Line(ImageTree tree, int node, string path, Dictionary<int, string> first)
    {
        var row = tree.GetNode(node);
        first.TryAdd(node, path);
        var isDirectory = row.Type == LayerEntryType.Directory;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{path}\t{row.Type}\t{row.Mode}\t{(isDirectory ? 0 : row.LinkCount)}\t{row.ModifiedSeconds}\t{(isDirectory ? 0 : row.Size)}\t{Encoding.Latin1.GetString(tree.GetTarget(node))}\t{(isDirectory ? path : first[node])}");
    }
}
