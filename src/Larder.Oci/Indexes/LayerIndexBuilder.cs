using System.Buffers;
using Larder.Cache.Fingerprints;

namespace Larder.Oci.Indexes;

/// <summary>Gathers the entries of a layer, in the order of its archive, into a <see cref="LayerIndex"/>.</summary>
/// <remarks>
/// For one thread. An object's number may be used in extents before its digest is known: reserve it, fill it when the
/// object is complete. Everything is checked here, so that an index that exists is well formed, whoever it came from.
/// </remarks>
public sealed class LayerIndexBuilder
{
    private readonly List<LayerIndex.Row> _rows;
    private readonly List<LayerExtent> _extents;
    private readonly List<LayerObject> _objects;
    private readonly List<LayerXattr[]> _xattrSets = [];
    private readonly Dictionary<Fingerprint, int> _knownXattrSets = [];
    private readonly ArrayBufferWriter<byte> _text = new();
    private int _xattrBytes;

    /// <summary>Begins an empty index.</summary>
    public LayerIndexBuilder()
        : this(0, 0, 0)
    {
    }

    internal LayerIndexBuilder(int entries, int extents, int objects)
    {
        _rows = new List<LayerIndex.Row>(entries);
        _extents = new List<LayerExtent>(extents);
        _objects = new List<LayerObject>(objects);
    }

    /// <summary>Entries so far.</summary>
    public int Count => _rows.Count;

    internal int ExtentCount => _extents.Count;

    /// <summary>Takes a number for an object that is filled later by <see cref="SetObject"/>.</summary>
    /// <exception cref="OciException">The layer has too many objects.</exception>
    public int ReserveObject()
    {
        Check(_objects.Count < LayerIndexLimits.Objects, "objects");
        _objects.Add(default);
        return _objects.Count - 1;
    }

    /// <summary>Fills a reserved object, or replaces it.</summary>
    /// <exception cref="OciException">The object is not well formed.</exception>
    public void SetObject(int number, in LayerObject value)
    {
        if (value.Length <= 0 || value.ArchiveOffset < 0 || value.ArchiveLength < value.Length
            || value.ArchiveOffset > long.MaxValue - value.ArchiveLength || value.Digest.IsDefault
            || value.Kind > LayerObjectKind.Pack)
        {
            throw Malformed($"object {number} has impossible figures");
        }

        _objects[number] = value;
    }

    /// <summary>Adds a complete object.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="OciException">The object is not well formed, or there are too many.</exception>
    public int AddObject(in LayerObject value)
    {
        var number = ReserveObject();
        SetObject(number, value);
        return number;
    }

    /// <summary>Adds the next entry of the archive.</summary>
    /// <param name="entry">Its fixed part.</param>
    /// <param name="path">Its path, as the archive has it; not empty, without a zero byte.</param>
    /// <param name="linkTarget">The target of a symbolic or hard link; empty for everything else.</param>
    /// <param name="extents">The extents of a file that is not all holes; ascending and apart from each other.</param>
    /// <param name="xattrs">Its extended attributes; a later one of the same name replaces an earlier one.</param>
    /// <exception cref="OciException">The entry is not well formed, or a limit is passed.</exception>
    public void Add(
        in LayerEntry entry,
        ReadOnlySpan<byte> path,
        ReadOnlySpan<byte> linkTarget = default,
        ReadOnlySpan<LayerExtent> extents = default,
        ReadOnlySpan<LayerXattr> xattrs = default) =>
        Add(entry, path, linkTarget, extents, AddXattrSet(xattrs));

    /// <summary>Adds a set of extended attributes; the same set has the same number.</summary>
    internal int AddXattrSet(ReadOnlySpan<LayerXattr> xattrs)
    {
        if (xattrs.IsEmpty)
        {
            return -1;
        }

        var set = Canonical(xattrs);
        var digest = XattrSetEncoding.Digest(set, out var bytes);
        if (_knownXattrSets.TryGetValue(digest, out var known))
        {
            return known;
        }

        Check(_xattrBytes <= LayerIndexLimits.AllXattrBytes - bytes, "bytes of extended attributes");
        _xattrBytes += bytes;
        _xattrSets.Add(set);
        _knownXattrSets.Add(digest, _xattrSets.Count - 1);
        return _xattrSets.Count - 1;
    }

    internal void Add(
        in LayerEntry entry,
        ReadOnlySpan<byte> path,
        ReadOnlySpan<byte> linkTarget,
        ReadOnlySpan<LayerExtent> extents,
        int xattrSet)
    {
        CheckEntry(entry, path, linkTarget, extents.Length);
        CheckExtents(entry.Size, extents);
        _rows.Add(new LayerIndex.Row
        {
            Entry = entry,
            Text = _text.WrittenCount,
            PathLength = (ushort)path.Length,
            TargetLength = (ushort)linkTarget.Length,
            FirstExtent = _extents.Count,
            XattrSet = xattrSet,
        });
        _text.Write(path);
        _text.Write(linkTarget);
        _extents.AddRange(extents);
    }

    /// <summary>Completes the index. The builder is not used after this.</summary>
    /// <param name="diffId">SHA-256 of the uncompressed archive.</param>
    /// <param name="archiveLength">Length of the uncompressed archive in bytes.</param>
    /// <exception cref="OciException">An extent lies outside of its object, or an object was not filled.</exception>
    public LayerIndex Build(Fingerprint diffId, long archiveLength)
    {
        foreach (var item in _objects)
        {
            if (item.Length == 0 || item.ArchiveOffset + item.ArchiveLength > archiveLength)
            {
                throw Malformed("an object was left empty, or lies outside of the archive");
            }
        }

        foreach (var extent in _extents)
        {
            if (extent.ObjectOffset > _objects[extent.Object].Length - extent.Length
                || extent.ArchiveOffset > archiveLength - extent.Length)
            {
                throw Malformed("bytes of a file lie outside of their object or of the archive");
            }
        }

        return new LayerIndex(
            diffId, archiveLength, [.. _rows], _text.WrittenSpan.ToArray(), [.. _extents], [.. _objects], [.. _xattrSets]);
    }

    private void CheckEntry(in LayerEntry entry, ReadOnlySpan<byte> path, ReadOnlySpan<byte> linkTarget, int extents)
    {
        Check(_rows.Count < LayerIndexLimits.Entries, "entries");
        Check(path.Length <= LayerIndexLimits.PathBytes && linkTarget.Length <= LayerIndexLimits.PathBytes, "bytes in a path");
        Check(_text.WrittenCount <= LayerIndexLimits.AllPathBytes - path.Length - linkTarget.Length, "bytes of paths");
        Check(_extents.Count <= LayerIndexLimits.Extents - extents, "extents");
        var isLink = entry.Type is LayerEntryType.Symlink or LayerEntryType.HardLink;
        if (path.IsEmpty || path.Contains((byte)0) || linkTarget.Contains((byte)0))
        {
            throw Malformed($"the name of entry {_rows.Count} is empty or holds a zero byte");
        }

        if (entry.Type > LayerEntryType.Fifo || entry.Mode > 0xFFF || entry.Size < 0
            || entry.ModifiedNanoseconds > 999_999_999 || isLink == linkTarget.IsEmpty
            || (entry.Type != LayerEntryType.File && (entry.Size != 0 || extents != 0)))
        {
            throw Malformed($"entry {_rows.Count} has impossible figures");
        }
    }

    private void CheckExtents(long size, ReadOnlySpan<LayerExtent> extents)
    {
        var end = 0L;
        foreach (ref readonly var extent in extents)
        {
            if (extent.Offset < end || extent.Length <= 0 || extent.Offset > size - extent.Length
                || (uint)extent.Object >= (uint)_objects.Count || extent.ObjectOffset < 0 || extent.ArchiveOffset < 0)
            {
                throw Malformed($"the extents of entry {_rows.Count} overlap or have impossible figures");
            }

            end = extent.Offset + extent.Length;
        }
    }

    private static LayerXattr[] Canonical(ReadOnlySpan<LayerXattr> xattrs)
    {
        Check(xattrs.Length <= LayerIndexLimits.XattrsPerEntry, "extended attributes of one entry");
        var kept = new List<LayerXattr>(xattrs.Length);
        foreach (var xattr in xattrs)
        {
            Check(xattr.Name.Length <= LayerIndexLimits.XattrNameBytes, "bytes in the name of an extended attribute");
            Check(xattr.Value.Length <= LayerIndexLimits.XattrValueBytes, "bytes in an extended attribute");
            if (xattr.Name.Length == 0 || xattr.Name.AsSpan().Contains((byte)0))
            {
                throw Malformed("the name of an extended attribute is empty or holds a zero byte");
            }

            kept.RemoveAll(other => other.Name.AsSpan().SequenceEqual(xattr.Name));
            kept.Add(xattr);
        }

        kept.Sort(static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        return [.. kept];
    }

    private static void Check(bool within, string what)
    {
        if (!within)
        {
            throw new OciException(OciErrorKind.LimitExceeded, $"The layer has too many {what}.");
        }
    }

    private static OciException Malformed(string what) =>
        new(OciErrorKind.InvalidLayer, $"The layer is malformed: {what}.");
}
