using System.Text;
using Larder.Oci.Indexes;

namespace Larder.Oci.Merging;

/// <summary>Applies layers to a tree, one after the other, as an unpacker would apply their archives to a directory.</summary>
/// <remarks>
/// Entries are taken in the order of the archive. Every name that a layer brings, and all above it, is marked as touched by
/// that layer; a whiteout removes what is not, so that it acts on lower layers alone, wherever it stands in its archive.
/// Sources: OCI image specification, layer filesystem changeset; umoci, oci/layer/tar_extract.go, which the tests compare with.
/// </remarks>
internal sealed class LayerMerger(MergeTree tree, IReadOnlyList<LayerIndex> layers)
{
    private readonly PathWalker _walker = new(tree, layers);
    private readonly PathParts _path = new();

    private static ReadOnlySpan<byte> WhiteoutPrefix => ".wh."u8;

    private static ReadOnlySpan<byte> ReservedPrefix => ".wh..wh."u8;

    private static ReadOnlySpan<byte> OpaqueName => ".wh..wh..opq"u8;

    /// <summary>Applies the layer with this number; those below it were applied before.</summary>
    /// <exception cref="OciException">No file system could hold what the layer asks for.</exception>
    public void Apply(int layer, CancellationToken cancellationToken)
    {
        var index = layers[layer];
        for (var entry = 0; entry < index.Count; entry++)
        {
            if ((entry & 0xFFFF) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            Apply(layer, entry, index);
        }
    }

    private void Apply(int layer, int entry, LayerIndex index)
    {
        var raw = index.GetPath(entry);
        _path.Clean(raw);
        if (_path.Count == 0)
        {
            ApplyToRoot(layer, entry, index[entry].Type);
            return;
        }

        var last = _path.Last(raw);
        if (ParentsHoldWhiteout(raw))
        {
            return;
        }

        if (last.StartsWith(WhiteoutPrefix))
        {
            ApplyWhiteout(layer, raw, last);
            return;
        }

        CheckName(raw, last);
        var parent = _walker.MakeParent(raw, _path, layer);
        var type = index[entry].Type;
        var existing = tree.Find(parent, last);
        if (type == LayerEntryType.Directory && existing != MergeTree.None
            && tree.TypeOf(existing) == LayerEntryType.Directory)
        {
            tree.SetSource(tree[existing].Inode, layer, entry);
            tree.Touch(existing, layer);
            return;
        }

        var inode = type == LayerEntryType.HardLink
            ? FindTarget(raw, index.GetLinkTarget(entry), existing)
            : tree.AddInode(type, layer, entry);
        if (existing != MergeTree.None)
        {
            tree.Remove(existing);
        }

        tree.Touch(tree.Add(parent, last, inode), layer);
    }

    private void ApplyToRoot(int layer, int entry, LayerEntryType type)
    {
        if (type != LayerEntryType.Directory)
        {
            throw new OciException(OciErrorKind.InvalidLayer, "A layer replaces the root directory by something else.");
        }

        tree.SetSource(tree[MergeTree.Root].Inode, layer, entry);
        tree.Touch(MergeTree.Root, layer);
    }

    // Names that begin so are never files: a path below one belongs to the store of another union file system.
    private bool ParentsHoldWhiteout(ReadOnlySpan<byte> raw)
    {
        for (var part = 0; part < _path.Count - 1; part++)
        {
            if (_path.Get(raw, part).StartsWith(WhiteoutPrefix))
            {
                return true;
            }
        }

        return false;
    }

    private void ApplyWhiteout(int layer, ReadOnlySpan<byte> raw, ReadOnlySpan<byte> last)
    {
        var isOpaque = last.SequenceEqual(OpaqueName);
        var name = last[WhiteoutPrefix.Length..];
        if ((last.StartsWith(ReservedPrefix) && !isOpaque) || name.IsEmpty)
        {
            return;
        }

        var directory = _walker.FindParent(raw, _path);
        var target = directory == MergeTree.None || isOpaque ? directory : tree.Find(directory, name);
        if (target != MergeTree.None)
        {
            RemoveLower(target, layer, keepsTop: isOpaque);
        }
    }

    // Removes what this layer did not bring, below names that it did. What was cleared once holds nothing of lower layers
    // any more, so that each name is looked at once, however many whiteouts there are.
    private void RemoveLower(int top, int layer, bool keepsTop)
    {
        if (tree[top].Touched != layer && !keepsTop)
        {
            tree.Remove(top);
            return;
        }

        var pending = new Stack<int>();
        pending.Push(top);
        while (pending.TryPop(out var directory))
        {
            if (tree[directory].Cleared == layer)
            {
                continue;
            }

            tree.Clear(directory, layer);
            for (int name = tree[directory].FirstChild, next; name != MergeTree.None; name = next)
            {
                next = tree[name].Next;
                if (tree[name].Touched != layer)
                {
                    tree.Remove(name);
                }
                else if (tree[name].FirstChild != MergeTree.None)
                {
                    pending.Push(name);
                }
            }
        }
    }

    private int FindTarget(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> target, int existing)
    {
        _path.Clean(target);
        var directory = _path.Count == 0 ? MergeTree.None : _walker.FindParent(target, _path);
        var found = directory == MergeTree.None ? MergeTree.None : tree.Find(directory, _path.Last(target));
        if (found == MergeTree.None || tree.TypeOf(found) == LayerEntryType.Directory)
        {
            throw new OciException(
                OciErrorKind.InvalidLayer,
                $"The hard link '{Show(raw)}' leads to '{Show(target)}', which is not a file of this image.");
        }

        for (var above = tree[found].Parent; existing != MergeTree.None && above != MergeTree.None; above = tree[above].Parent)
        {
            if (above == existing)
            {
                throw new OciException(
                    OciErrorKind.InvalidLayer, $"The hard link '{Show(raw)}' replaces the directory that its target is in.");
            }
        }

        // Cleaning the target has overwritten the parts of the entry's own path.
        _path.Clean(raw);
        return tree[found].Inode;
    }

    private static void CheckName(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> name)
    {
        if (name.Length > MergeTree.NameBytes)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded,
                $"A name of {name.Length} bytes is longer than the {MergeTree.NameBytes} that a file system allows: '{Show(raw)}'.");
        }
    }

    internal static string Show(ReadOnlySpan<byte> path) =>
        Encoding.UTF8.GetString(path[..Math.Min(path.Length, 200)]) + (path.Length > 200 ? "…" : "");
}
