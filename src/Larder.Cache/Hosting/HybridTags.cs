using Larder.Cache.Artifacts;

namespace Larder.Cache.Hosting;

/// <summary>Which keys carry which tags, as far as entries of the cache or fills in flight may have them.</summary>
/// <remarks>
/// Registration comes before a fill begins and after it ends, so a removal by tag finds fills in flight too. Keys
/// whose entries were evicted stay until a sweep, which comes when the number of registrations has doubled. Safe for
/// use by many threads.
/// </remarks>
internal sealed class HybridTags
{
    private const int FirstSweep = 8 * 1024;

    private readonly Lock _gate = new();

    // Guarded by _gate, as is everything below. Keys that are being filled, or were registered since a sweep began, are
    // not swept: the sweep may have looked before they came.
    private readonly Dictionary<string, HashSet<ArtifactKey>> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<ArtifactKey, int> _filling = [];
    private HashSet<ArtifactKey>? _registeredMeanwhile;
    private int _count;
    private int _sweepAt = FirstSweep;

    /// <summary>Registrations now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Whether a sweep is due; true for one caller, who must sweep.</summary>
    public bool IsSweepDue
    {
        get
        {
            lock (_gate)
            {
                if (_count < _sweepAt)
                {
                    return false;
                }

                // Set again by the sweep; until then nobody else starts one.
                _sweepAt = int.MaxValue;
                return true;
            }
        }
    }

    public void Register(ArtifactKey key, IReadOnlyList<string> tags)
    {
        lock (_gate)
        {
            _registeredMeanwhile?.Add(key);
            foreach (var tag in tags)
            {
                if (!_keys.TryGetValue(tag, out var keys))
                {
                    _keys.Add(tag, keys = []);
                }

                _count += keys.Add(key) ? 1 : 0;
            }
        }
    }

    public void BeginFill(ArtifactKey key, IReadOnlyList<string> tags)
    {
        lock (_gate)
        {
            _filling[key] = _filling.GetValueOrDefault(key) + 1;
        }

        Register(key, tags);
    }

    public void EndFill(ArtifactKey key)
    {
        lock (_gate)
        {
            if (--_filling[key] == 0)
            {
                _filling.Remove(key);
            }
        }
    }

    /// <summary>Takes out and returns the keys that carry a tag.</summary>
    public IReadOnlyCollection<ArtifactKey> Take(string tag)
    {
        lock (_gate)
        {
            if (!_keys.Remove(tag, out var keys))
            {
                return [];
            }

            _count -= keys.Count;
            return keys;
        }
    }

    /// <summary>Forgets keys that are not in the cache any more.</summary>
    public async ValueTask SweepAsync(Func<ArtifactKey, ValueTask<bool>> isPresent)
    {
        ArtifactKey[] keys;
        lock (_gate)
        {
            _registeredMeanwhile = [];
            keys = [.. _keys.Values.SelectMany(set => set).Distinct()];
        }

        var gone = new HashSet<ArtifactKey>();
        try
        {
            foreach (var key in keys)
            {
                if (!await isPresent(key).ConfigureAwait(false))
                {
                    gone.Add(key);
                }
            }
        }
        finally
        {
            EndSweep(gone);
        }
    }

    private void EndSweep(HashSet<ArtifactKey> gone)
    {
        lock (_gate)
        {
            gone.ExceptWith(_registeredMeanwhile!); // Set by SweepAsync, which runs once at a time.
            gone.ExceptWith(_filling.Keys);
            _registeredMeanwhile = null;
            foreach (var (tag, keys) in _keys)
            {
                _count -= keys.RemoveWhere(gone.Contains);
                if (keys.Count == 0)
                {
                    _keys.Remove(tag);
                }
            }

            _sweepAt = Math.Max(FirstSweep, 2 * _count);
        }
    }
}
