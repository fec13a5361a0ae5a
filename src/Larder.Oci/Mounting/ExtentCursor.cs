using Larder.Oci.Merging;

namespace Larder.Oci.Mounting;

/// <summary>Cuts a range of a file at the borders of its extents.</summary>
internal struct ExtentCursor
{
    private readonly ImageTree _tree;
    private readonly int _node;
    private readonly long _offset;
    private readonly int _length;
    private int _next;
    private int _at;

    /// <summary>Begins at the start of the range, which lies inside of the file.</summary>
    public ExtentCursor(ImageTree tree, int node, long offset, int length)
    {
        _tree = tree;
        _node = node;
        _offset = offset;
        _length = length;
        _next = FirstAtOrBehind(tree.GetExtents(node), offset);
    }

    /// <summary>The run that was reached.</summary>
    public ExtentPart Current { get; private set; }

    /// <summary>Goes to the next run; false at the end of the range.</summary>
    public bool MoveNext()
    {
        if (_at >= _length)
        {
            return false;
        }

        var place = _offset + _at;
        var extents = _tree.GetExtents(_node);
        if (_next >= extents.Length || extents[_next].Offset > place)
        {
            var end = _next < extents.Length ? extents[_next].Offset : long.MaxValue;
            Take((int)Math.Min(_length - _at, end - place), -1, 0);
            return true;
        }

        ref readonly var extent = ref extents[_next++];
        var skipped = place - extent.Offset;
        Take((int)Math.Min(_length - _at, extent.Length - skipped), extent.Object, extent.ObjectOffset + skipped);
        return true;
    }

    private void Take(int length, int item, long objectOffset)
    {
        Current = new ExtentPart(_at, length, item, objectOffset);
        _at += length;
    }

    // The first extent that does not end before the offset.
    private static int FirstAtOrBehind(ReadOnlySpan<ImageExtent> extents, long offset)
    {
        var (low, high) = (0, extents.Length);
        while (low < high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            if (extents[middle].Offset + extents[middle].Length <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
