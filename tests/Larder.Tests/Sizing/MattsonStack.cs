namespace Larder.Tests.Sizing;

/// <summary>The stack of all keys in order of last use, as a list that is searched: slow and plainly right.</summary>
internal sealed class MattsonStack
{
    private readonly LinkedList<(ulong Key, long Weight)> _order = [];
    private readonly List<(long Entries, long Bytes, long Weight)> _distances = [];

    public long Lookups { get; private set; }

    public long LookedUpBytes { get; private set; }

    public void Look(ulong key, long weight)
    {
        var (entries, bytes) = (0L, 0L);
        for (var node = _order.First; node is not null; node = node.Next)
        {
            entries++;
            bytes += node.Value.Weight;
            if (node.Value.Key == key)
            {
                _distances.Add((entries, bytes, node.Value.Weight));
                LookedUpBytes += node.Value.Weight;
                _order.Remove(node);
                _order.AddFirst((key, weight));
                Lookups++;
                return;
            }
        }

        LookedUpBytes += weight;
        Lookups++;
        _order.AddFirst((key, weight));
    }

    public void Forget(ulong key)
    {
        for (var node = _order.First; node is not null; node = node.Next)
        {
            if (node.Value.Key == key)
            {
                _order.Remove(node);
                return;
            }
        }
    }

    public double HitRatio(long capacityBytes) => _distances.Count(one => one.Bytes <= capacityBytes) / (double)Lookups;

    public double ByteHitRatio(long capacityBytes) =>
        _distances.Where(one => one.Bytes <= capacityBytes).Sum(one => one.Weight) / (double)LookedUpBytes;

    public double HitRatioOfEntries(long entries) => _distances.Count(one => one.Entries <= entries) / (double)Lookups;
}
