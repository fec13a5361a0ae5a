namespace Larder.Node.Dashboard;

/// <summary>The last so many items. For one caller at a time.</summary>
internal sealed class EventRing<TItem>(int capacity)
{
    private readonly TItem[] _items = new TItem[capacity];
    private long _added;

    public int Count => (int)Math.Min(_added, _items.Length);

    public void Add(TItem item) => _items[_added++ % _items.Length] = item;

    /// <summary>The item that was added <paramref name="back"/> items before the newest.</summary>
    public TItem FromNewest(int back)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)back, (uint)Count, nameof(back));
        return _items[(_added - 1 - back) % _items.Length];
    }

    /// <summary>The items that pass, oldest first.</summary>
    public List<TItem> Where<TState>(TState state, Func<TItem, TState, bool> passes)
    {
        var found = new List<TItem>();
        for (var back = Count - 1; back >= 0; back--)
        {
            var item = FromNewest(back);
            if (passes(item, state))
            {
                found.Add(item);
            }
        }

        return found;
    }
}
