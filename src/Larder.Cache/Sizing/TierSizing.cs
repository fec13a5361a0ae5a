using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Sizing;

/// <summary>Watches the lookups of one tier.</summary>
/// <remarks>
/// Safe for many threads. A tier compares <see cref="HashOf"/> with a copy of <see cref="Threshold"/> that it keeps beside
/// what its lookups read anyway, and comes here for sampled keys only.
/// </remarks>
internal sealed class TierSizing
{
    // The name under which kinds beyond the limit are counted.
    private const string OtherKinds = "other";

    // Fingerprints are digests, so that their first bytes are well mixed; but whoever chooses names could choose those that
    // are sampled. An odd number spreads every distribution evenly over the upper bits.
    private static readonly ulong Secret = DrawSecret();

    private readonly ReuseSampler _sampler;
    private readonly Lock _gate = new();
    private readonly int _maxKinds;

    // Guarded by _gate.
    private readonly Dictionary<string, int> _groups = new(StringComparer.Ordinal);

    // Written under _gate; names by group, of those that have one of their own.
    private string[] _names = [];

    /// <summary>Creates what watches one tier.</summary>
    /// <param name="tier">Which.</param>
    /// <param name="options">How much it may take.</param>
    /// <param name="capacityBytes">The tier's capacity.</param>
    /// <param name="lookupsOf">How many lookups of a kind the tier has had.</param>
    /// <param name="time">The clock that the load is measured by.</param>
    public TierSizing(TierKind tier, SizingOptions options, long capacityBytes, Func<string, long> lookupsOf, TimeProvider time)
    {
        Tier = tier;
        _maxKinds = options.MaxKinds;
        _sampler = new ReuseSampler(
            new ReuseSamplerOptions
            {
                MaxSamples = options.MaxSamples,
                MaxGroups = options.MaxKinds + 1,
                MaxReferencesPerSecond = options.MaxReferencesPerSecond,
                HalfLife = options.HalfLife,
                HorizonBytes = capacityBytes > long.MaxValue / options.HorizonFactor || capacityBytes <= 0
                    ? long.MaxValue
                    : capacityBytes * options.HorizonFactor,
                CountReferences = group => group < _names.Length ? lookupsOf(_names[group]) : 0,
            },
            time);
    }

    /// <summary>Which tier this watches.</summary>
    public TierKind Tier { get; }

    /// <summary>Keys whose <see cref="HashOf"/> is below this are sampled.</summary>
    public ulong Threshold => _sampler.Threshold;

    /// <summary>Where a key lies among those that may be sampled.</summary>
    public static ulong HashOf(ArtifactKey key) => key.Fingerprint.Prefix * Secret;

    /// <summary>Takes a lookup; see <see cref="ReuseSampler.Look"/>.</summary>
    public void Look(ArtifactKey key, long weight, bool found) => _sampler.Look(HashOf(key), GroupOf(key.Kind), weight, found);

    /// <summary>Takes a put, whatever came of it; see <see cref="ReuseSampler.Store"/>.</summary>
    public void Store(ArtifactKey key, long weight)
    {
        if (HashOf(key) < Threshold)
        {
            _sampler.Store(HashOf(key), GroupOf(key.Kind), weight);
        }
    }

    /// <summary>Takes a removal that has nothing to do with capacity.</summary>
    public void Forget(ArtifactKey key)
    {
        if (HashOf(key) < Threshold)
        {
            _sampler.Forget(HashOf(key), GroupOf(key.Kind));
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Reset() => _sampler.Reset();

    /// <summary>The curves at this moment.</summary>
    public TierCurves Read(long capacityBytes, long maxEntries)
    {
        var names = Volatile.Read(ref _names);
        return new TierCurves
        {
            Tier = Tier,
            CapacityBytes = capacityBytes,
            MaxEntries = maxEntries,
            Total = _sampler.GetCurve(),
            Entries = _sampler.GetEntryCurve(),
            Kinds =
            [
                .. names.Append(OtherKinds)
                    .Select((name, group) => new KindCurve(name, _sampler.GetCurve(group)))
                    .Where(static kind => kind.Curve.References > 0)
                    .OrderBy(static kind => kind.Kind, StringComparer.Ordinal),
            ],
        };
    }

    private static ulong DrawSecret()
    {
        Span<ulong> secret = stackalloc ulong[1];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(secret));
        return secret[0] | 1;
    }

    private int GroupOf(ArtifactKind kind)
    {
        lock (_gate)
        {
            if (_groups.TryGetValue(kind.Name, out var group))
            {
                return group;
            }

            if (_groups.Count == _maxKinds)
            {
                return _maxKinds;
            }

            group = _groups.Count;
            _groups.Add(kind.Name, group);
            Volatile.Write(ref _names, [.. _names, kind.Name]);
            return group;
        }
    }
}
