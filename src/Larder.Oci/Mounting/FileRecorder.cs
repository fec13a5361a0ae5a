using Larder.Oci.Merging;

namespace Larder.Oci.Mounting;

/// <summary>Notes which files of an image are used, in the order of their first use.</summary>
/// <remarks>Safe for use by many threads; a file that was noted costs a look at one word.</remarks>
public sealed class FileRecorder
{
    private readonly int[] _seen;
    private readonly Lock _gate = new();
    private readonly List<int> _order = []; // Guarded by _gate.

    /// <summary>Begins with nothing noted.</summary>
    public FileRecorder(ImageTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        _seen = new int[(tree.NodeCount / 32) + 1];
    }

    /// <summary>Notes a file.</summary>
    public void Note(int node)
    {
        var bit = 1 << (node & 31);
        if ((Volatile.Read(ref _seen[node >> 5]) & bit) != 0 || (Interlocked.Or(ref _seen[node >> 5], bit) & bit) != 0)
        {
            return;
        }

        lock (_gate)
        {
            _order.Add(node);
        }
    }

    /// <summary>The files that were noted so far.</summary>
    public int[] Snapshot()
    {
        lock (_gate)
        {
            return [.. _order];
        }
    }
}
