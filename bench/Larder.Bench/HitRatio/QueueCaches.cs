namespace Larder.Bench.HitRatio;

/// <summary>Least recently used, or first in first out when hits do not count.</summary>
internal sealed class LruCache : ReferenceCache
{
    private readonly KeyList _queue;
    private readonly bool _hitsCount;

    public LruCache(int keys, long capacity, bool hitsCount)
        : base(keys, capacity)
    {
        _queue = new KeyList(Links);
        _hitsCount = hitsCount;
    }

    protected override void OnHit(int key)
    {
        if (_hitsCount)
        {
            _queue.Remove(key, Weights[key]);
            _queue.Add(key, Weights[key]);
        }
    }

    protected override void OnMiss(int key, uint weight)
    {
        while (!Fits(weight))
        {
            int victim = _queue.Oldest;
            _queue.Remove(victim, Weights[victim]);
            Leave(victim);
        }

        Enter(key, weight);
        _queue.Add(key, weight);
    }
}

/// <summary>SIEVE: a first-in-first-out queue with a mark for hits and a hand that spares the marked in place.</summary>
internal sealed class SieveCache : ReferenceCache
{
    private readonly KeyList _queue;
    private readonly bool[] _visited;
    private int _hand = KeyList.None;

    public SieveCache(int keys, long capacity)
        : base(keys, capacity)
    {
        _queue = new KeyList(Links);
        _visited = new bool[keys];
    }

    protected override void OnHit(int key) => _visited[key] = true;

    protected override void OnMiss(int key, uint weight)
    {
        while (!Fits(weight))
        {
            int victim = _hand == KeyList.None ? _queue.Oldest : _hand;

            while (_visited[victim])
            {
                _visited[victim] = false;
                victim = _queue.Newer(victim) == KeyList.None ? _queue.Oldest : _queue.Newer(victim);
            }

            _hand = _queue.Newer(victim);
            _queue.Remove(victim, Weights[victim]);
            Leave(victim);
        }

        Enter(key, weight);
        _visited[key] = false;
        _queue.Add(key, weight);
    }
}

/// <summary>S3-FIFO: a small queue of a tenth, a main queue with marks, and ghosts of as much as main holds.</summary>
internal sealed class S3FifoCache : ReferenceCache
{
    private const int PromoteAt = 2;
    private const int MaxFrequency = 3;

    private readonly KeyList _small;
    private readonly KeyList _main;
    private readonly KeyList _ghosts;
    private readonly byte[] _frequency;
    private readonly bool[] _isGhost;
    private readonly bool[] _inSmall;
    private readonly long _smallCapacity;

    public S3FifoCache(int keys, long capacity)
        : base(keys, capacity)
    {
        _small = new KeyList(Links);
        _main = new KeyList(Links);
        _ghosts = new KeyList(Links);
        _frequency = new byte[keys];
        _isGhost = new bool[keys];
        _inSmall = new bool[keys];
        _smallCapacity = Math.Max(1, capacity / 10);
    }

    protected override void OnHit(int key) => _frequency[key] = (byte)Math.Min(MaxFrequency, _frequency[key] + 1);

    protected override void OnMiss(int key, uint weight)
    {
        bool wasGhost = _isGhost[key];

        if (wasGhost)
        {
            Forget(key);
        }

        while (!Fits(weight))
        {
            if (_small.Oldest != KeyList.None && (_small.Weight >= _smallCapacity || _main.Oldest == KeyList.None))
            {
                EvictFromSmall();
            }
            else
            {
                EvictFromMain();
            }
        }

        Enter(key, weight);
        _frequency[key] = 0;
        _inSmall[key] = !wasGhost;
        (wasGhost ? _main : _small).Add(key, weight);
    }

    private void EvictFromSmall()
    {
        int key = _small.Oldest;
        _small.Remove(key, Weights[key]);
        _inSmall[key] = false;

        if (_frequency[key] >= PromoteAt)
        {
            _frequency[key] = 0;
            _main.Add(key, Weights[key]);
            return;
        }

        Leave(key);
        _isGhost[key] = true;
        _ghosts.Add(key, Weights[key]);

        while (_ghosts.Weight > Capacity - _smallCapacity)
        {
            Forget(_ghosts.Oldest);
        }
    }

    private void EvictFromMain()
    {
        while (true)
        {
            int key = _main.Oldest;
            _main.Remove(key, Weights[key]);

            if (_frequency[key] == 0)
            {
                Leave(key);
                return;
            }

            _frequency[key]--;
            _main.Add(key, Weights[key]);
        }
    }

    private void Forget(int key)
    {
        _isGhost[key] = false;
        _ghosts.Remove(key, Weights[key]);
    }
}
