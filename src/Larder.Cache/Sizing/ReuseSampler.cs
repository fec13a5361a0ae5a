namespace Larder.Cache.Sizing;

/// <summary>
/// Watches a sample of the keys that a cache is asked for, and says which part of all lookups an LRU cache of any capacity
/// would have answered.
/// </summary>
/// <remarks>
/// <para>The idea is that of SHARDS (Waldspurger et al., "Efficient MRC construction with SHARDS", FAST 2015): a key is
/// followed when its hash lies below a threshold. All uses of a followed key are seen, so that the distance between two of
/// them, counted in followed keys and divided by the sampled part, is an unbiased estimate of the true one. When more keys
/// than allowed would be followed, the threshold falls and those above it are dropped: memory stays bounded whatever comes.
/// The distance is taken in bytes as well as in entries, with the key's own weight taken as it is.</para>
/// <para>An LRU cache of a capacity answers exactly the lookups with at most that distance (Mattson et al., 1970), so one
/// pass gives all capacities. A key counts as stored, and takes room in the curve, from its first <see cref="Store"/> or
/// from a lookup that knows its weight. Entries larger than a capacity are not modelled apart: a real cache refuses them,
/// the curve lets them pass through.</para>
/// <para>Error: none while everything is followed. With s followed keys the hit ratio is wrong by about 0.5/√s on average
/// and rarely by more than 2/√s (0.4 and 1.6 points at 16,384), at capacities that hold a fiftieth of the working set or
/// more; by weight by more, where a few large entries carry much of it. <c>docs/SIZING.md</c> has measured figures.
/// Distances fall into sixteen steps per doubling; between their ends the curve is a straight line.</para>
/// <para>Safe for many threads; references that are not sampled touch nothing but <see cref="Threshold"/>.</para>
/// </remarks>
public sealed class ReuseSampler
{
    /// <summary>Keys that are followed at least, if there are that many.</summary>
    internal const int FewestSamples = 64;

    // Sampled references between two looks at the clock.
    private const int LoadStep = 256;

    // With fewer sampled references of a group, one key says too little about which keys are over-represented.
    private const double EnoughReferences = 256;

    private readonly ReuseSamplerOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly ReuseStack _stack = new();
    private readonly List<Group?> _groups = [];
    private readonly DistanceHistogram _entries = new();
    private double _stands = 1;
    private long _sampled;
    private long _sinceHalved;
    private int _sinceClock;
    private long _clock;
    private double _load;

    // Whether keys may be stored that came before the sampling began: finding one says nothing about its distance.
    private bool _isYoung = true;

    // Written under _gate, read anywhere.
    private ulong _threshold = ulong.MaxValue;

    /// <summary>Creates a sampler that has seen nothing and begins by following every key.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public ReuseSampler(ReuseSamplerOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new ReuseSamplerOptions();
        _options.Validate();
        _time = time ?? TimeProvider.System;
        _clock = _time.GetTimestamp();
    }

    /// <summary>Keys with a hash below this are followed. Falls with the number of keys and the load.</summary>
    public ulong Threshold => Volatile.Read(ref _threshold);

    /// <summary>Spreads a number evenly over all hashes (SplitMix64).</summary>
    public static ulong Mix(ulong number)
    {
        number += 0x9E3779B97F4A7C15;
        number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
        number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
        return number ^ (number >> 31);
    }

    /// <summary>Takes a lookup.</summary>
    /// <param name="hash">The key's well mixed hash; with <paramref name="group"/> it stands for the key.</param>
    /// <param name="group">What the key belongs to, from 0; figures are kept for each.</param>
    /// <param name="weight">The entry's weight in bytes where it is known; -1 where it is not, as on a miss.</param>
    /// <param name="found">Whether the real cache had it.</param>
    public void Look(ulong hash, int group, long weight, bool found)
    {
        lock (_gate)
        {
            if (hash >= _threshold)
            {
                return;
            }

            CountReference();
            if (hash >= _threshold)
            {
                // The load has just lowered it.
                return;
            }

            var figures = GroupOf(ref group);
            if (_stack.TryFind(KeyOf(hash, group), out var slot))
            {
                var known = _stack.WeightOf(slot);
                var (count, bytes) = _stack.After(slot);
                figures.Distances.Add((bytes * _stands) + known, _stands, known);
                _entries.Add((count * _stands) + 1, _stands, 1);
                _stack.Touch(slot, weight < 0 ? known : weight);
                Trim();
                return;
            }

            if (found && _isYoung)
            {
                figures.Unplaced += _stands;
            }
            else
            {
                figures.Distances.AddCold(_stands, Math.Max(0, weight));
                _entries.AddCold(_stands, 1);
            }

            if (weight >= 0)
            {
                Add(hash, group, weight);
            }
        }
    }

    /// <summary>Notes that an entry is put into the cache, or was offered to it; counts as a use, and as no lookup.</summary>
    /// <param name="hash">As for <see cref="Look"/>.</param>
    /// <param name="group">As for <see cref="Look"/>.</param>
    /// <param name="weight">What the entry weighs, in bytes.</param>
    public void Store(ulong hash, int group, long weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        lock (_gate)
        {
            if (hash >= _threshold)
            {
                return;
            }

            var figures = GroupOf(ref group);
            if (_stack.TryFind(KeyOf(hash, group), out var slot))
            {
                _stack.Touch(slot, weight);
                Trim();
            }
            else
            {
                // The miss before it did not know the weight.
                figures.Distances.AddColdBytes(_stands, weight);
                Add(hash, group, weight);
            }
        }
    }

    /// <summary>Notes that an entry was removed for another reason than capacity: no cache would have it.</summary>
    public void Forget(ulong hash, int group)
    {
        lock (_gate)
        {
            if (hash < _threshold && _stack.TryFind(KeyOf(hash, Clamp(group)), out var slot))
            {
                _stack.Remove(slot);
            }
        }
    }

    /// <summary>The curve of all lookups.</summary>
    public MissRatioCurve GetCurve()
    {
        lock (_gate)
        {
            var curve = new CurveBuilder();
            for (var group = 0; group < _groups.Count; group++)
            {
                if (_groups[group] is { } figures)
                {
                    Add(curve, group, figures);
                }
            }

            return Finish(curve, _stack.Count, _stack.Weight);
        }
    }

    /// <summary>
    /// The curve of one group's lookups while all groups share the capacity; without references when the group was not
    /// seen.
    /// </summary>
    public MissRatioCurve GetCurve(int group)
    {
        lock (_gate)
        {
            var curve = new CurveBuilder();
            group = Clamp(group);
            var (count, weight) = (0L, 0L);
            if (group < _groups.Count && _groups[group] is { } figures)
            {
                Add(curve, group, figures);
                (count, weight) = _stack.OfGroup(group);
            }

            return Finish(curve, count, weight);
        }
    }

    /// <summary>
    /// The curve over capacities counted in entries; its points' capacities and its working set are entries, not bytes.
    /// </summary>
    public MissRatioCurve GetEntryCurve()
    {
        lock (_gate)
        {
            var curve = new CurveBuilder();
            var all = _groups.Sum(group => group is null ? 0 : group.Distances.Reused + group.Distances.Cold);
            var expected = _groups.Select((group, number) => group is null ? 0 : Expected(number, group)).Sum();
            curve.Add(_entries, _sampled >= EnoughReferences && expected > 0 ? expected - all : 0);
            return Finish(curve, _stack.Count, _stack.Count);
        }
    }

    /// <summary>Forgets everything and follows every key again.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _stack.Clear();
            _groups.Clear();
            _entries.Clear();
            (_sampled, _sinceHalved, _sinceClock, _load, _isYoung) = (0, 0, 0, 0, true);
            _clock = _time.GetTimestamp();
            SetThreshold(ulong.MaxValue);
        }
    }

    private static ulong KeyOf(ulong hash, int group) => hash ^ ((ulong)group * 0x9E3779B97F4A7C15);

    private int Clamp(int group)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(group);
        return Math.Min(group, _options.MaxGroups - 1);
    }

    private Group GroupOf(ref int group)
    {
        group = Clamp(group);
        while (_groups.Count <= group)
        {
            _groups.Add(null);
        }

        return _groups[group] ??= new Group();
    }

    private void Add(ulong hash, int group, long weight)
    {
        if (_stack.Count == _options.MaxSamples)
        {
            Lower(_options.MaxSamples / 8 * 7);
            if (hash >= _threshold)
            {
                return;
            }
        }

        _stack.Add(KeyOf(hash, group), hash, group, weight);
        Trim();
    }

    // What lies beyond the horizon is cold for every capacity of interest.
    private void Trim()
    {
        while (_stack.Count > 1 && _stack.Weight * _stands > _options.HorizonBytes)
        {
            _stack.RemoveOldest();
            _isYoung = false;
        }
    }

    private void Lower(int count)
    {
        var threshold = _stack.HashBelowWhich(count);
        _stack.RemoveFrom(threshold);
        SetThreshold(threshold);
    }

    private void SetThreshold(ulong threshold)
    {
        Volatile.Write(ref _threshold, threshold);
        _stands = threshold == ulong.MaxValue ? 1 : Math.Pow(2, 64) / Math.Max(1, threshold);
    }

    private void CountReference()
    {
        _sampled++;
        if (_options.MaxReferencesPerSecond > 0 && ++_sinceClock == LoadStep)
        {
            _sinceClock = 0;
            LookAtLoad();
        }

        if (_options.HalfLife > 0 && ++_sinceHalved >= _options.HalfLife)
        {
            _sinceHalved = 0;
            Halve();
        }
    }

    private void LookAtLoad()
    {
        var now = _time.GetTimestamp();
        var seconds = _time.GetElapsedTime(_clock, now).TotalSeconds;
        _clock = now;
        _load = LoadStep / Math.Max(seconds, 1e-9);
        if (_load > _options.MaxReferencesPerSecond && _stack.Count > FewestSamples)
        {
            var part = Math.Max(0.25, _options.MaxReferencesPerSecond / _load);
            Lower(Math.Max(FewestSamples, (int)(_stack.Count * part)));
        }
    }

    private void Halve()
    {
        _entries.Halve();
        for (var group = 0; group < _groups.Count; group++)
        {
            if (_groups[group] is { } figures)
            {
                figures.Distances.Halve();
                figures.Unplaced /= 2;
                figures.Counted = Expected(group, figures) / 2;
                figures.CountedAt = _options.CountReferences?.Invoke(group) ?? 0;
            }
        }

        // The working set has shrunk, or a burst is over: begin again with as many samples as are allowed.
        if (_stack.Count < _options.MaxSamples / 8
            && _threshold != ulong.MaxValue
            && _load < _options.MaxReferencesPerSecond / 8.0)
        {
            var factor = Math.Min(_options.MaxSamples / (2.0 * Math.Max(1, _stack.Count)), _options.MaxReferencesPerSecond / 2.0 / Math.Max(1, _load));
            _stack.Clear();
            _isYoung = true;
            SetThreshold(_threshold > ulong.MaxValue / factor ? ulong.MaxValue : (ulong)(_threshold * factor));
        }
    }

    // References of a group as counted by somebody else, with those of long ago counted less, as in the histograms.
    private double Expected(int group, Group figures) =>
        _options.CountReferences is { } count ? figures.Counted + count(group) - figures.CountedAt : 0;

    private void Add(CurveBuilder curve, int group, Group figures)
    {
        var seen = figures.Distances.Reused + figures.Distances.Cold;
        var expected = Expected(group, figures) - figures.Unplaced;
        if (expected <= 0 || seen <= 0)
        {
            curve.Add(figures.Distances, 0);
        }
        else if (seen >= EnoughReferences * _stands)
        {
            // SHARDS-adj: what the sample has too little or too much of are popular keys, which every capacity holds.
            curve.Add(figures.Distances, expected - seen);
        }
        else
        {
            curve.AddScaled(figures.Distances, expected / seen);
        }
    }

    private MissRatioCurve Finish(CurveBuilder curve, long count, long weight) =>
        curve.Finish(count * _stands, weight * _stands, _stack.Count, 1 / _stands, _sampled);

    private sealed class Group
    {
        public DistanceHistogram Distances { get; } = new();

        // References to keys that were stored before the sampling began.
        public double Unplaced { get; set; }

        // What was counted up to the last halving, and where the counter stood then.
        public double Counted { get; set; }

        public long CountedAt { get; set; }
    }
}
