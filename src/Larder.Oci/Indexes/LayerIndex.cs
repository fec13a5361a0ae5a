using Larder.Cache.Fingerprints;

namespace Larder.Oci.Indexes;

/// <summary>
/// What a layer holds, without the bytes of its files: the entries of its archive in the order of the archive, and the
/// objects that hold the bytes.
/// </summary>
/// <remarks>
/// Immutable, safe for any number of threads. Paths are bytes as the archive has them (after long-name and PAX records),
/// never cleaned; the same path may come more than once. Whoever merges layers cleans them and lets the later entry win.
/// Rows of flat arrays, so that a million entries stay a few large objects.
/// </remarks>
public sealed class LayerIndex
{
    private readonly Row[] _rows;
    private readonly byte[] _text;
    private readonly LayerExtent[] _extents;
    private readonly LayerObject[] _objects;
    private readonly LayerXattr[][] _xattrSets;

    internal LayerIndex(
        Fingerprint diffId,
        long archiveLength,
        Row[] rows,
        byte[] text,
        LayerExtent[] extents,
        LayerObject[] objects,
        LayerXattr[][] xattrSets)
    {
        DiffId = diffId;
        ArchiveLength = archiveLength;
        _rows = rows;
        _text = text;
        _extents = extents;
        _objects = objects;
        _xattrSets = xattrSets;
    }

    /// <summary>SHA-256 of the uncompressed archive.</summary>
    public Fingerprint DiffId { get; }

    /// <summary>Length of the uncompressed archive in bytes.</summary>
    public long ArchiveLength { get; }

    /// <summary>Number of entries.</summary>
    public int Count => _rows.Length;

    /// <summary>The objects that hold the bytes of files.</summary>
    public ReadOnlySpan<LayerObject> Objects => _objects;

    /// <summary>The extents of all entries, in the order of the entries.</summary>
    internal ReadOnlySpan<LayerExtent> AllExtents => _extents;

    /// <summary>The distinct sets of extended attributes.</summary>
    internal IReadOnlyList<IReadOnlyList<LayerXattr>> XattrSets => _xattrSets;

    /// <summary>The fixed part of the entry with this number.</summary>
    public LayerEntry this[int entry] => _rows[entry].Entry;

    /// <summary>The path of an entry, as the archive has it.</summary>
    public ReadOnlySpan<byte> GetPath(int entry)
    {
        ref readonly var row = ref _rows[entry];
        return _text.AsSpan(row.Text, row.PathLength);
    }

    /// <summary>The target of a symbolic or hard link, as the archive has it; empty for everything else.</summary>
    public ReadOnlySpan<byte> GetLinkTarget(int entry)
    {
        ref readonly var row = ref _rows[entry];
        return _text.AsSpan(row.Text + row.PathLength, row.TargetLength);
    }

    /// <summary>The extents of a file, ascending and apart from each other; empty for everything else.</summary>
    public ReadOnlySpan<LayerExtent> GetExtents(int entry)
    {
        var first = _rows[entry].FirstExtent;
        var end = entry + 1 < _rows.Length ? _rows[entry + 1].FirstExtent : _extents.Length;
        return _extents.AsSpan(first, end - first);
    }

    /// <summary>The extended attributes of an entry.</summary>
    public IReadOnlyList<LayerXattr> GetXattrs(int entry)
    {
        var set = _rows[entry].XattrSet;
        return set < 0 ? [] : _xattrSets[set];
    }

    /// <summary>The number of the entry's set of extended attributes, or -1 for none.</summary>
    internal int GetXattrSet(int entry) => _rows[entry].XattrSet;

    internal struct Row
    {
        public LayerEntry Entry;

        // Where the path begins; the link target follows it.
        public int Text;
        public ushort PathLength;
        public ushort TargetLength;

        // The extents end where those of the next row begin.
        public int FirstExtent;

        // -1 for none.
        public int XattrSet;
    }
}
