namespace Larder.Bench.HitRatio;

/// <summary>Neighbours of every key in whichever <see cref="KeyList"/> holds it; a key is in at most one.</summary>
internal sealed class KeyLinks(int keys)
{
    public int[] Newer { get; } = new int[keys];

    public int[] Older { get; } = new int[keys];
}

/// <summary>A doubly linked list of keys, from newest to oldest, that knows the weight it holds.</summary>
internal sealed class KeyList(KeyLinks links)
{
    public const int None = -1;

    public int Newest { get; private set; } = None;

    public int Oldest { get; private set; } = None;

    public long Weight { get; private set; }

    public int Newer(int key) => links.Newer[key];

    public void Add(int key, long weight)
    {
        links.Newer[key] = None;
        links.Older[key] = Newest;

        if (Newest == None)
        {
            Oldest = key;
        }
        else
        {
            links.Newer[Newest] = key;
        }

        Newest = key;
        Weight += weight;
    }

    public void Remove(int key, long weight)
    {
        int newer = links.Newer[key];
        int older = links.Older[key];

        if (newer == None)
        {
            Newest = older;
        }
        else
        {
            links.Older[newer] = older;
        }

        if (older == None)
        {
            Oldest = newer;
        }
        else
        {
            links.Newer[older] = newer;
        }

        Weight -= weight;
    }
}
