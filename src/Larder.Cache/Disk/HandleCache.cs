using System.Numerics;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Disk;

/// <summary>
/// Open, verified files of recently read entries, so that a hit costs one question to the kernel instead of opening
/// and verifying. Lookups take no lock and allocate nothing.
/// </summary>
/// <remarks>
/// A table of sets of eight ways. A lookup reads the ways and takes a reference; a content that was freed in between
/// refuses it, which is a miss. Changes hold the set's lock. The table owns one reference to each content in it. Which
/// one of a full set goes is decided by a clock hand over one bit a content; leased contents are passed over.
/// </remarks>
internal sealed class HandleCache
{
    private const int Ways = 8;

    private readonly DiskContent?[] _contents;

    // One lock a set; also guards the set's hand.
    private readonly Lock[] _gates;
    private readonly byte[] _hands;
    private readonly uint _setMask;

    /// <summary>Makes a table for about <paramref name="capacity"/> open files.</summary>
    public HandleCache(int capacity)
    {
        var sets = BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, capacity / Ways));
        _contents = new DiskContent?[sets * Ways];
        _gates = new Lock[sets];
        for (var i = 0; i < _gates.Length; i++)
        {
            _gates[i] = new Lock();
        }

        _hands = new byte[sets];
        _setMask = sets - 1;
    }

    /// <summary>Finds the content of a key and takes a reference on it; null when it is not here.</summary>
    public DiskContent? Find(ArtifactKey key)
    {
        var hash = key.GetHashCode();
        var start = (int)((uint)hash & _setMask) * Ways;
        var contents = _contents;
        for (var i = start; i < start + Ways; i++)
        {
            var content = Volatile.Read(ref contents[i]);
            if (content is not null && content.KeyHash == hash && content.Key.Equals(key) && content.TryAcquire())
            {
                content.MarkRecent();
                return content;
            }
        }

        return null;
    }

    /// <summary>Puts a content in, together with one reference of the caller's, in the place of one of its key.</summary>
    public void Add(DiskContent content)
    {
        var set = (int)((uint)content.KeyHash & _setMask);
        DiskContent? victim;
        lock (_gates[set])
        {
            var way = ChooseWay(set, content.Key);
            victim = way < 0 ? content : Interlocked.Exchange(ref _contents[(set * Ways) + way], content);
        }

        victim?.Release();
    }

    /// <summary>Takes the content of a key out, if it is in.</summary>
    public void Remove(ArtifactKey key)
    {
        var set = (int)((uint)key.GetHashCode() & _setMask);
        DiskContent? removed = null;
        lock (_gates[set])
        {
            for (var i = set * Ways; i < (set + 1) * Ways && removed is null; i++)
            {
                if (_contents[i] is { } content && content.Key.Equals(key))
                {
                    removed = Interlocked.Exchange(ref _contents[i], null);
                }
            }
        }

        removed?.Release();
    }

    /// <summary>Takes everything out.</summary>
    public void Clear()
    {
        for (var i = 0; i < _contents.Length; i++)
        {
            DiskContent? content;
            lock (_gates[i / Ways])
            {
                content = Interlocked.Exchange(ref _contents[i], null);
            }

            content?.Release();
        }
    }

    // The way of the same key, an empty one, or the first that the hand finds neither recent nor leased; -1 when all
    // are leased.
    private int ChooseWay(int set, ArtifactKey key)
    {
        var start = set * Ways;
        var empty = -1;
        for (var way = 0; way < Ways; way++)
        {
            var content = _contents[start + way];
            if (content is null)
            {
                empty = empty < 0 ? way : empty;
            }
            else if (content.Key.Equals(key))
            {
                return way;
            }
        }

        for (var step = 0; empty < 0 && step < 2 * Ways; step++)
        {
            var way = _hands[set];
            _hands[set] = (byte)((way + 1) % Ways);
            var content = _contents[start + way]!; // Not null: the loop above found no empty way.
            if (content.IsIdle && !content.TakeRecent())
            {
                return way;
            }
        }

        return empty;
    }
}
