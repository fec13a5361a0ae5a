using System.Globalization;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;

namespace Larder.Oci.Exporting;

/// <summary>Which bytes of a file with holes are written, in the order of the file, and how an archive says so.</summary>
/// <remarks>Source: the GNU tar manual, "Storing Sparse Files", PAX format, version 1.0.</remarks>
internal sealed class SparseMap
{
    private SparseMap(List<ByteRange> runs, byte[] encoded)
    {
        Runs = runs;
        Encoded = encoded;
        StoredBytes = encoded.Length + runs.Sum(static run => run.Length);
    }

    /// <summary>
    /// The runs that are not holes, of whole blocks but at the end of the file: GNU tar begins each run with a block, others do not,
    /// and so they are the same. Those that touch are one.
    /// </summary>
    public IReadOnlyList<ByteRange> Runs { get; }

    /// <summary>What stands in front of their bytes: whole blocks.</summary>
    public byte[] Encoded { get; }

    /// <summary>Bytes that the entry takes in the archive, with the map.</summary>
    public long StoredBytes { get; }

    /// <summary>The map of a file; null when it has no hole, or what it saves is less than the map.</summary>
    public static SparseMap? Of(ImageTree tree, int node)
    {
        var size = tree.GetNode(node).Size;
        if (tree.GetNode(node).Type != LayerEntryType.File || tree.GetNode(node).StoredBytes >= size)
        {
            return null;
        }

        var runs = new List<ByteRange>();
        foreach (ref readonly var extent in tree.GetExtents(node))
        {
            var start = extent.Offset - (extent.Offset % TarEntryWriter.BlockBytes);
            var end = extent.Offset + extent.Length;
            end = Math.Min(end + TarEntryWriter.PaddingOf(end), size);
            if (runs.Count > 0 && runs[^1].End >= start)
            {
                runs[^1] = new ByteRange(runs[^1].Offset, Math.Max(end, runs[^1].End) - runs[^1].Offset);
            }
            else if (extent.Length > 0)
            {
                runs.Add(new ByteRange(start, end - start));
            }
        }

        var map = new SparseMap(runs, Encode(runs, size));
        return map.StoredBytes < size ? map : null;
    }

    private static byte[] Encode(List<ByteRange> runs, long size)
    {
        // A hole at the end is an empty run there, as GNU tar writes it.
        var endsWithHole = runs.Count == 0 || runs[^1].End < size;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{runs.Count + (endsWithHole ? 1 : 0)}\n");
        foreach (var run in runs)
        {
            text.Append(CultureInfo.InvariantCulture, $"{run.Offset}\n{run.Length}\n");
        }

        if (endsWithHole)
        {
            text.Append(CultureInfo.InvariantCulture, $"{size}\n0\n");
        }

        var encoded = new byte[text.Length + TarEntryWriter.PaddingOf(text.Length)];
        Encoding.ASCII.GetBytes(text.ToString(), encoded);
        return encoded;
    }
}
