namespace Larder.Indexer.Engines;

/// <summary>Walks over one version of a tree in memory.</summary>
internal sealed class MemoryIterator(MemoryTree.Node? root) : StoreIterator
{
    // The way from the root: each node with the number of the entry in it. Empty when the iterator stands nowhere.
    private readonly List<(MemoryTree.Node Node, int Index)> _way = [];

    /// <inheritdoc/>
    public override bool IsValid => _way.Count > 0;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Key => _way[^1].Node.Keys[_way[^1].Index];

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Value => _way[^1].Node.Values![_way[^1].Index]; // The way ends in a leaf.

    /// <inheritdoc/>
    public override void Seek(ReadOnlySpan<byte> key)
    {
        Descend(key, out var found);
        if (IsValid && found < 0)
        {
            Settle(~found);
        }
    }

    /// <inheritdoc/>
    public override void SeekBackward(ReadOnlySpan<byte> key)
    {
        Descend(key, out var found);
        if (!IsValid || found >= 0)
        {
            return;
        }

        _way[^1] = (_way[^1].Node, ~found);
        Previous();
    }

    /// <inheritdoc/>
    public override void Previous()
    {
        // Where the leaf has none before: the last entry of what is before the leaf, if there is any.
        while (_way.Count > 0 && _way[^1].Index == 0)
        {
            _way.RemoveAt(_way.Count - 1);
        }

        if (_way.Count > 0)
        {
            _way[^1] = (_way[^1].Node, _way[^1].Index - 1);
            SettleLast();
        }
    }

    /// <inheritdoc/>
    public override void SeekLast()
    {
        _way.Clear();
        if (root is not null)
        {
            _way.Add((root, root.Count - 1));
            SettleLast();
        }
    }

    /// <inheritdoc/>
    public override void Next() => Settle(_way[^1].Index + 1);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _way.Clear();

    private void Descend(ReadOnlySpan<byte> key, out int found)
    {
        found = -1;
        _way.Clear();
        for (var node = root; node is not null;)
        {
            if (node.Children is null)
            {
                found = node.Search(key);
                _way.Add((node, Math.Max(found, 0)));
                return;
            }

            var index = node.ChildOf(key);
            _way.Add((node, index));
            node = node.Children[index];
        }
    }

    private void SettleLast()
    {
        while (_way[^1].Node.Children is { } children)
        {
            var child = children[_way[^1].Index];
            _way.Add((child, child.Count - 1));
        }
    }

    // Stands on an entry of the last node by its number, or on what follows where the number is past the end.
    private void Settle(int index)
    {
        _way[^1] = (_way[^1].Node, index);
        while (_way[^1].Index >= _way[^1].Node.Count)
        {
            _way.RemoveAt(_way.Count - 1);
            if (_way.Count == 0)
            {
                return;
            }

            _way[^1] = (_way[^1].Node, _way[^1].Index + 1);
        }

        while (_way[^1].Node.Children is { } children)
        {
            _way.Add((children[_way[^1].Index], 0));
        }
    }
}
