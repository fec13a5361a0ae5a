using Larder.Oci.Indexes;

namespace Larder.Oci.Merging;

/// <summary>Finds and makes the directories that paths of a layer lead through, symbolic links included.</summary>
/// <remarks>
/// A link leads on inside the root: an absolute target begins at the root, and <c>..</c> ends there. What a link leads to
/// and is not there yet is made, as is every other missing directory. The directory of the entry before is remembered,
/// because an archive lists the files of a directory one after the other.
/// </remarks>
internal sealed class PathWalker(MergeTree tree, IReadOnlyList<LayerIndex> layers)
{
    // Source: as many as the unpackers allow; the kernel follows 40.
    private const int LinkLimit = 255;

    // Parts of link targets that may be walked for one image: what real images need is thousands of times less.
    private const int StepLimit = 50_000_000;

    // Parts that are still to be walked, the next one last.
    private readonly Stack<Part> _ahead = new();

    // Directories that are not there yet, below the place that was reached.
    private readonly List<Part> _missing = [];

    private byte[] _lastPath = [];
    private int _lastLength = -1;
    private int _lastDirectory;
    private int _lastVersion;
    private int _steps;

    /// <summary>The directory that the entry at <paramref name="raw"/> stands in, made where it is missing.</summary>
    /// <exception cref="OciException">The path leads through something that is no directory, or in circles.</exception>
    public int MakeParent(ReadOnlySpan<byte> raw, PathParts path, int layer)
    {
        var length = path.StartOf(path.Count - 1);
        if (length == _lastLength && tree.Version == _lastVersion && raw[..length].SequenceEqual(_lastPath.AsSpan(0, length)))
        {
            return _lastDirectory;
        }

        var directory = Walk(raw, path);
        foreach (var part in _missing)
        {
            var text = TextOf(raw, part);
            if (text.Length > MergeTree.NameBytes)
            {
                throw new OciException(OciErrorKind.LimitExceeded, $"A directory's name is too long: '{LayerMerger.Show(raw)}'.");
            }

            var inode = tree.AddInode(LayerEntryType.Directory, MergeTree.Inode.Implicit, 0);
            directory = tree.Add(directory, text, inode);
            tree.Touch(directory, layer);
        }

        Remember(raw[..length], directory);
        return directory;
    }

    /// <summary>The directory that <paramref name="raw"/> stands in, or none.</summary>
    /// <exception cref="OciException">The path leads in circles.</exception>
    public int FindParent(ReadOnlySpan<byte> raw, PathParts path)
    {
        var directory = Walk(raw, path, refusesFiles: false);
        return directory == MergeTree.None || _missing.Count > 0 ? MergeTree.None : directory;
    }

    private void Remember(ReadOnlySpan<byte> parent, int directory)
    {
        if (_lastPath.Length < parent.Length)
        {
            _lastPath = new byte[Math.Max(256, parent.Length * 2)];
        }

        parent.CopyTo(_lastPath);
        (_lastLength, _lastDirectory, _lastVersion) = (parent.Length, directory, tree.Version);
    }

    private int Walk(ReadOnlySpan<byte> raw, PathParts path, bool refusesFiles = true)
    {
        _ahead.Clear();
        _missing.Clear();
        for (var part = path.Count - 2; part >= 0; part--)
        {
            _ahead.Push(new Part(Part.OfPath, path.StartOf(part), path.Get(raw, part).Length));
        }

        var at = MergeTree.Root;
        var links = 0;
        while (_ahead.TryPop(out var part))
        {
            var text = TextOf(raw, part);
            if (text.SequenceEqual(".."u8))
            {
                at = Up(at);
                continue;
            }

            var next = _missing.Count > 0 ? MergeTree.None : tree.Find(at, text);
            if (next == MergeTree.None)
            {
                _missing.Add(part);
            }
            else if (tree.TypeOf(next) == LayerEntryType.Directory)
            {
                at = next;
            }
            else if (tree.TypeOf(next) == LayerEntryType.Symlink)
            {
                at = Follow(raw, at, next, ref links);
            }
            else
            {
                return refusesFiles ? throw ThroughFile(raw) : MergeTree.None;
            }
        }

        return at;
    }

    private int Up(int at)
    {
        if (_missing.Count > 0)
        {
            _missing.RemoveAt(_missing.Count - 1);
            return at;
        }

        return at == MergeTree.Root ? at : tree[at].Parent;
    }

    private int Follow(ReadOnlySpan<byte> raw, int at, int link, ref int links)
    {
        if (++links > LinkLimit || _steps > StepLimit)
        {
            throw new OciException(
                OciErrorKind.InvalidLayer, $"The path '{LayerMerger.Show(raw)}' leads through symbolic links in circles.");
        }

        ref readonly var inode = ref tree.InodeOf(link);
        var source = new TargetSource(inode.Layer, inode.Entry);
        var target = layers[inode.Layer].GetLinkTarget(inode.Entry);
        for (var end = target.Length; end > 0;)
        {
            var start = target[..end].LastIndexOf((byte)'/') + 1;
            if (target[start..end] is not [] and not [(byte)'.'])
            {
                _ahead.Push(new Part(source, start, end - start));
                _steps++;
            }

            end = start - 1;
        }

        return target[0] == '/' ? MergeTree.Root : at;
    }

    private ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> raw, Part part) =>
        (part.Source == Part.OfPath ? raw : layers[part.Source.Layer].GetLinkTarget(part.Source.Entry))
        .Slice(part.Start, part.Length);

    private static OciException ThroughFile(ReadOnlySpan<byte> raw) =>
        new(OciErrorKind.InvalidLayer, $"The path '{LayerMerger.Show(raw)}' leads through something that is no directory.");

    private readonly record struct TargetSource(int Layer, int Entry);

    // A part of the entry's path, or of the target of a link of a layer.
    private readonly record struct Part(TargetSource Source, int Start, int Length)
    {
        public static TargetSource OfPath => new(-1, -1);
    }
}
