namespace Larder.Indexer.Engines;

/// <summary>
/// A sorted map of bytes to bytes whose versions share what they have in common. A version is a root; changing one copies
/// the nodes on the way that are not the writer's own and leaves the version before it as it was.
/// </summary>
/// <remarks>
/// A B+ tree: values lie in leaves, an inner node has for each child a key that is not above the child's first one. Nodes
/// are split when they are full; they are removed when they are empty and not joined before.
/// </remarks>
internal static class MemoryTree
{
    private const int Capacity = 32;

    /// <summary>The value of a key; null where it has none.</summary>
    public static byte[]? Find(Node? node, ReadOnlySpan<byte> key)
    {
        while (node is not null)
        {
            if (node.Children is null)
            {
                var index = node.Search(key);
                return index >= 0 ? node.Values![index] : null;
            }

            node = node.Children[node.ChildOf(key)];
        }

        return null;
    }

    /// <summary>A version with a key set.</summary>
    /// <param name="root">The version to change; null for the empty one.</param>
    /// <param name="key">Kept as it is.</param>
    /// <param name="value">Kept as it is.</param>
    /// <param name="owner">Who writes; nodes that it made are changed in place.</param>
    public static Node Put(Node? root, byte[] key, byte[] value, object owner)
    {
        if (root is null)
        {
            var leaf = new Node(owner, isLeaf: true) { Count = 1 };
            leaf.Keys[0] = key;
            leaf.Values![0] = value;
            return leaf;
        }

        var left = Put(root, key, value, owner, out var right);
        if (right is null)
        {
            return left;
        }

        var inner = new Node(owner, isLeaf: false) { Count = 2 };
        (inner.Keys[0], inner.Keys[1]) = (left.Keys[0], right.Keys[0]);
        (inner.Children![0], inner.Children[1]) = (left, right);
        return inner;
    }

    /// <summary>A version without a key.</summary>
    public static Node? Remove(Node? root, ReadOnlySpan<byte> key, object owner)
    {
        if (root is null || Find(root, key) is null)
        {
            return root;
        }

        root = Without(root, key, owner);
        while (root is { Count: 1, Children: not null })
        {
            root = root.Children[0];
        }

        return root;
    }

    private static Node Put(Node node, byte[] key, byte[] value, object owner, out Node? right)
    {
        right = null;
        node = node.OwnedBy(owner);
        if (node.Children is null)
        {
            var index = node.Search(key);
            if (index >= 0)
            {
                node.Values![index] = value;
                return node;
            }

            right = node.Insert(~index, key, value, null, owner);
            return node;
        }

        var child = node.ChildOf(key);
        node.Children[child] = Put(node.Children[child], key, value, owner, out var split);

        // A key below all others came into the first child.
        node.Keys[child] = node.Children[child].Keys[0];
        if (split is not null)
        {
            right = node.Insert(child + 1, split.Keys[0], null, split, owner);
        }

        return node;
    }

    private static Node? Without(Node node, ReadOnlySpan<byte> key, object owner)
    {
        node = node.OwnedBy(owner);
        if (node.Children is null)
        {
            node.RemoveAt(node.Search(key));
        }
        else
        {
            var index = node.ChildOf(key);
            var child = Without(node.Children[index], key, owner);
            if (child is null)
            {
                node.RemoveAt(index);
            }
            else
            {
                node.Children[index] = child;
            }
        }

        return node.Count == 0 ? null : node;
    }

    /// <summary>A leaf or an inner node; changed by its owner alone.</summary>
    internal sealed class Node(object owner, bool isLeaf)
    {
        private readonly object _owner = owner;

        public int Count { get; set; }

        public byte[][] Keys { get; } = new byte[Capacity][];

        public byte[][]? Values { get; } = isLeaf ? new byte[Capacity][] : null;

        public Node[]? Children { get; } = isLeaf ? null : new Node[Capacity];

        /// <summary>Where a key stands, or the complement of where it would.</summary>
        public int Search(ReadOnlySpan<byte> key)
        {
            var (low, high) = (0, Count - 1);
            while (low <= high)
            {
                var middle = (low + high) >> 1;
                var order = key.SequenceCompareTo(Keys[middle]);
                if (order == 0)
                {
                    return middle;
                }

                (low, high) = order < 0 ? (low, middle - 1) : (middle + 1, high);
            }

            return ~low;
        }

        /// <summary>The child that a key belongs to; the first also for what is below its key.</summary>
        public int ChildOf(ReadOnlySpan<byte> key)
        {
            var index = Search(key);
            return index >= 0 ? index : Math.Max(0, ~index - 1);
        }

        public Node OwnedBy(object owner)
        {
            if (ReferenceEquals(_owner, owner))
            {
                return this;
            }

            var copy = new Node(owner, Children is null) { Count = Count };
            Array.Copy(Keys, copy.Keys, Count);
            if (Children is null)
            {
                Array.Copy(Values!, copy.Values!, Count);
            }
            else
            {
                Array.Copy(Children, copy.Children!, Count);
            }

            return copy;
        }

        /// <summary>Inserts a value or a child; gives the upper half as a node of its own when there was no room.</summary>
        public Node? Insert(int index, byte[] key, byte[]? value, Node? child, object owner)
        {
            Node? right = null;
            if (Count == Capacity)
            {
                right = Split(owner, index == Capacity ? Capacity - 1 : Capacity / 2);
                if (index > Count)
                {
                    right.InsertHere(index - Count, key, value, child);
                    return right;
                }
            }

            InsertHere(index, key, value, child);
            return right;
        }

        public void RemoveAt(int index)
        {
            Count--;
            Array.Copy(Keys, index + 1, Keys, index, Count - index);
            Keys[Count] = null!; // Beyond Count nothing is read.
            if (Children is null)
            {
                Array.Copy(Values!, index + 1, Values!, index, Count - index);
                Values![Count] = null!;
            }
            else
            {
                Array.Copy(Children, index + 1, Children, index, Count - index);
                Children[Count] = null!;
            }
        }

        private void InsertHere(int index, byte[] key, byte[]? value, Node? child)
        {
            Array.Copy(Keys, index, Keys, index + 1, Count - index);
            Keys[index] = key;
            if (Children is null)
            {
                Array.Copy(Values!, index, Values!, index + 1, Count - index);
                Values![index] = value!; // A leaf is given a value, an inner node a child.
            }
            else
            {
                Array.Copy(Children, index, Children, index + 1, Count - index);
                Children[index] = child!;
            }

            Count++;
        }

        // What ascends is split at its end, so that nodes stay full.
        private Node Split(object owner, int at)
        {
            var right = new Node(owner, Children is null) { Count = Count - at };
            Array.Copy(Keys, at, right.Keys, 0, right.Count);
            Array.Clear(Keys, at, right.Count);
            if (Children is null)
            {
                Array.Copy(Values!, at, right.Values!, 0, right.Count);
                Array.Clear(Values!, at, right.Count);
            }
            else
            {
                Array.Copy(Children, at, right.Children!, 0, right.Count);
                Array.Clear(Children, at, right.Count);
            }

            Count = at;
            return right;
        }
    }
}
