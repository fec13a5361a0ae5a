using System.Buffers;
using System.Runtime.InteropServices;
using Larder.Oci.Indexes;

namespace Larder.Oci.Merging;

/// <summary>The tree while layers are applied to it: names that point at inodes, found by a hash of parent and name.</summary>
/// <remarks>
/// For one thread; knows nothing of whiteouts or paths. Rows are never used again, so that a number that was handed out
/// always means the same name, living or removed; what removals leave behind is bounded by <see cref="Limit"/>.
/// </remarks>
internal sealed class MergeTree
{
    /// <summary>The name that has no parent.</summary>
    public const int Root = 0;

    /// <summary>No such name.</summary>
    public const int None = -1;

    /// <summary>Names that may be made, removed ones included.</summary>
    public const int Limit = 2 * LayerIndexLimits.Entries;

    /// <summary>Bytes of a name. Source: NAME_MAX of every Linux file system that images come from.</summary>
    public const int NameBytes = 255;

    /// <summary>Directories above each other.</summary>
    public const int Depth = LayerIndexLimits.PathBytes / 2;

    private readonly ulong _seed = (ulong)Random.Shared.NextInt64();
    private readonly ArrayBufferWriter<byte> _text = new(64 * 1024);
    private Name[] _names;
    private Inode[] _inodes;
    private int[] _buckets;
    private int _nameCount;
    private int _inodeCount;

    /// <summary>Makes a tree of an empty root.</summary>
    /// <param name="expected">Names that will come, about.</param>
    public MergeTree(int expected)
    {
        var capacity = Math.Clamp(expected, 64, Limit);
        _names = new Name[capacity];
        _inodes = new Inode[capacity];
        _buckets = NewBuckets(capacity);
        var inode = AddInode(LayerEntryType.Directory, Inode.Implicit, 0);
        _names[_nameCount++] = new Name
        {
            Parent = None, Inode = inode, FirstChild = None, Next = None, Previous = None, Touched = -1, Cleared = -1,
        };
        _inodes[inode].Links = 1;
    }

    /// <summary>Grows with every name that is removed and could have been on the way to another.</summary>
    public int Version { get; private set; }

    /// <summary>Names so far, removed ones included.</summary>
    public int NameCount => _nameCount;

    /// <summary>Inodes so far, those without a name included.</summary>
    public int InodeCount => _inodeCount;

    /// <summary>A name.</summary>
    public ref readonly Name this[int name] => ref _names[name];

    /// <summary>The inode of a name that lives.</summary>
    public ref readonly Inode InodeOf(int name) => ref _inodes[_names[name].Inode];

    /// <summary>An inode.</summary>
    public ref readonly Inode GetInode(int inode) => ref _inodes[inode];

    /// <summary>Whether a name was not removed.</summary>
    public bool Lives(int name) => _names[name].Inode != None;

    /// <summary>What a name is.</summary>
    public LayerEntryType TypeOf(int name) => InodeOf(name).Type;

    /// <summary>The bytes of a name.</summary>
    public ReadOnlySpan<byte> TextOf(int name)
    {
        ref readonly var row = ref _names[name];
        return _text.WrittenSpan.Slice(row.Text, row.TextLength);
    }

    /// <summary>The child of that name, or <see cref="None"/>.</summary>
    public int Find(int parent, ReadOnlySpan<byte> text)
    {
        var hash = Hash(parent, text);
        for (var name = _buckets[hash & (uint)(_buckets.Length - 1)]; name != None; name = _names[name].NextInBucket)
        {
            ref readonly var row = ref _names[name];
            if (row.Hash == hash && row.Parent == parent && TextOf(name).SequenceEqual(text))
            {
                return name;
            }
        }

        return None;
    }

    /// <summary>Adds an inode without a name.</summary>
    public int AddInode(LayerEntryType type, int layer, int entry)
    {
        if (_inodeCount == _inodes.Length)
        {
            Array.Resize(ref _inodes, checked(_inodes.Length * 2));
        }

        _inodes[_inodeCount] = new Inode { Type = type, Layer = layer, Entry = entry };
        return _inodeCount++;
    }

    /// <summary>Gives a directory the attributes of another entry.</summary>
    public void SetSource(int inode, int layer, int entry)
    {
        _inodes[inode].Layer = layer;
        _inodes[inode].Entry = entry;
    }

    /// <summary>Adds a name for an inode. There is no such name yet, and the parent is a directory that lives.</summary>
    /// <exception cref="OciException">The tree is too large or too deep.</exception>
    public int Add(int parent, ReadOnlySpan<byte> text, int inode)
    {
        var depth = _names[parent].Depth + 1;
        if (_nameCount >= Limit || depth > Depth || _text.WrittenCount > LayerIndexLimits.AllPathBytes - text.Length)
        {
            throw new OciException(OciErrorKind.LimitExceeded, "The image has too many paths, or too deep ones.");
        }

        if (_nameCount == _names.Length)
        {
            Grow();
        }

        var name = _nameCount++;
        var hash = Hash(parent, text);
        ref var bucket = ref _buckets[hash & (uint)(_buckets.Length - 1)];
        var next = _names[parent].FirstChild;
        _names[name] = new Name
        {
            Parent = parent,
            Inode = inode,
            Text = _text.WrittenCount,
            TextLength = (ushort)text.Length,
            Depth = (ushort)depth,
            FirstChild = None,
            Next = next,
            Previous = None,
            Hash = hash,
            NextInBucket = bucket,
            Touched = -1,
            Cleared = -1,
        };
        bucket = name;
        _text.Write(text);
        if (next != None)
        {
            _names[next].Previous = name;
        }

        _names[parent].FirstChild = name;
        _inodes[inode].Links++;
        return name;
    }

    /// <summary>Notes that a layer has this name, and so all those above it.</summary>
    public void Touch(int name, int layer)
    {
        for (; name != None && _names[name].Touched != layer; name = _names[name].Parent)
        {
            _names[name].Touched = layer;
        }
    }

    /// <summary>Notes that nothing below this directory is from below the layer.</summary>
    public void Clear(int name, int layer) => _names[name].Cleared = layer;

    /// <summary>Removes a name and all below it.</summary>
    public void Remove(int name)
    {
        var end = _names[name].Parent;
        Unlink(name);

        // Goes down to a name without children, removes it, and goes on at its sibling or its parent.
        for (var at = name; at != end;)
        {
            if (_names[at].FirstChild is var child and not None)
            {
                at = child;
                continue;
            }

            var (parent, next) = (_names[at].Parent, _names[at].Next);
            Drop(at);
            if (at == name)
            {
                break;
            }

            _names[parent].FirstChild = next;
            at = next != None ? next : parent;
        }
    }

    private void Unlink(int name)
    {
        ref var row = ref _names[name];
        if (row.Previous != None)
        {
            _names[row.Previous].Next = row.Next;
        }
        else
        {
            _names[row.Parent].FirstChild = row.Next;
        }

        if (row.Next != None)
        {
            _names[row.Next].Previous = row.Previous;
        }
    }

    private void Drop(int name)
    {
        ref var row = ref _names[name];
        ref var bucket = ref _buckets[row.Hash & (uint)(_buckets.Length - 1)];
        while (bucket != name)
        {
            bucket = ref _names[bucket].NextInBucket;
        }

        bucket = row.NextInBucket;
        ref var inode = ref _inodes[row.Inode];
        inode.Links--;
        row.Inode = None;
        if (inode.Type is LayerEntryType.Directory or LayerEntryType.Symlink)
        {
            Version++;
        }
    }

    private void Grow()
    {
        Array.Resize(ref _names, Math.Min(Limit, _names.Length * 2));
        _buckets = NewBuckets(_names.Length);
        for (var name = 1; name < _nameCount; name++)
        {
            if (Lives(name))
            {
                ref var bucket = ref _buckets[_names[name].Hash & (uint)(_buckets.Length - 1)];
                _names[name].NextInBucket = bucket;
                bucket = name;
            }
        }
    }

    private static int[] NewBuckets(int capacity)
    {
        var buckets = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity)];
        buckets.AsSpan().Fill(None);
        return buckets;
    }

    // Seeded, because names are chosen by whoever made the image.
    private uint Hash(int parent, ReadOnlySpan<byte> text)
    {
        var hash = Fold(_seed ^ (uint)parent, (ulong)text.Length + 0x9E3779B97F4A7C15);
        for (; text.Length >= 8; text = text[8..])
        {
            hash = Fold(hash ^ MemoryMarshal.Read<ulong>(text), 0xA0761D6478BD642F);
        }

        var last = 0UL;
        foreach (var value in text)
        {
            last = (last << 8) | value;
        }

        hash = Fold(hash ^ last, 0xE7037ED1A0B428DB);
        return (uint)(hash ^ (hash >> 32));
    }

    private static ulong Fold(ulong left, ulong right)
    {
        var high = Math.BigMul(left, right, out var low);
        return high ^ low;
    }

    /// <summary>A name in a directory.</summary>
    internal struct Name
    {
        /// <summary>The directory that it stands in.</summary>
        public int Parent;

        /// <summary>What it names; <see cref="None"/> once it is removed.</summary>
        public int Inode;

        /// <summary>Where its bytes begin.</summary>
        public int Text;

        /// <summary>How many bytes it has.</summary>
        public ushort TextLength;

        /// <summary>Directories above it.</summary>
        public ushort Depth;

        /// <summary>The child that was added last, or <see cref="None"/>.</summary>
        public int FirstChild;

        /// <summary>The sibling that was added before it, or <see cref="None"/>.</summary>
        public int Next;

        /// <summary>The sibling that was added after it, or <see cref="None"/>.</summary>
        public int Previous;

        /// <summary>Hash of parent and bytes.</summary>
        public uint Hash;

        /// <summary>The next name of the same bucket, or <see cref="None"/>.</summary>
        public int NextInBucket;

        /// <summary>The latest layer that has this name or one below it.</summary>
        public int Touched;

        /// <summary>The latest layer that hid all that lower layers have below this name.</summary>
        public int Cleared;
    }

    /// <summary>What names point at.</summary>
    internal struct Inode
    {
        /// <summary>The layer of a directory that no layer lists.</summary>
        public const int Implicit = -1;

        /// <summary>What it is.</summary>
        public LayerEntryType Type;

        /// <summary>The layer that its attributes and content come from.</summary>
        public int Layer;

        /// <summary>The entry of that layer.</summary>
        public int Entry;

        /// <summary>Names that live.</summary>
        public int Links;
    }
}
