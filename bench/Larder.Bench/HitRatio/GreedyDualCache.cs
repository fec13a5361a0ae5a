namespace Larder.Bench.HitRatio;

/// <summary>GDSF: evicts the lowest of age + frequency / weight, where age is the value of the last victim.</summary>
internal sealed class GreedyDualCache(int keys, long capacity) : ReferenceCache(keys, capacity)
{
    // Holds a key once a use; only the item with the key's present value counts.
    private readonly PriorityQueue<int, (double Value, long Order)> _queue = new();
    private readonly double[] _values = new double[keys];
    private readonly long[] _orders = new long[keys];
    private readonly int[] _frequency = new int[keys];
    private double _age;
    private long _order;

    protected override void OnHit(int key)
    {
        _frequency[key]++;
        Enqueue(key);
    }

    protected override void OnMiss(int key, uint weight)
    {
        while (!Fits(weight))
        {
            _queue.TryDequeue(out int victim, out (double Value, long Order) rank);

            if (Resident[victim] && _orders[victim] == rank.Order)
            {
                _age = rank.Value;
                Leave(victim);
            }
        }

        Enter(key, weight);
        _frequency[key] = 1;
        Enqueue(key);
    }

    private void Enqueue(int key)
    {
        _values[key] = _age + (_frequency[key] / (double)Math.Max(1, Weights[key]));
        _orders[key] = ++_order;
        _queue.Enqueue(key, (_values[key], _order));

        if (_queue.Count > 4 * _values.Length)
        {
            Compact();
        }
    }

    private void Compact()
    {
        _queue.Clear();

        for (int key = 0; key < _values.Length; key++)
        {
            if (Resident[key])
            {
                _queue.Enqueue(key, (_values[key], _orders[key]));
            }
        }
    }
}
