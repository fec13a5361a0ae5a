using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Sizing;

namespace Larder.Handlers.Compilation;

/// <content>What another amount of memory for compiled handlers would bring.</content>
internal sealed partial class HandlerCompiler
{
    // Null when lookups are not watched.
    private ReuseSampler? _sampler;

    // A copy of the sampler's threshold, beside what lookups read anyway; 0 for none.
    private ulong _sampledBelow;

    /// <summary>The curve of the lookups so far; null when they are not watched.</summary>
    public TierCurves? GetCurves() => _sampler is not { } sampler ? null : new TierCurves
    {
        Name = "compiled handlers",
        Tier = TierKind.Memory,
        CapacityBytes = _options.CapacityBytes,
        MaxEntries = -1,
        Total = sampler.GetCurve(),
        Entries = sampler.GetEntryCurve(),
        Kinds = [],
    };

    /// <summary>Forgets what the curve was made of.</summary>
    public void ResetCurves()
    {
        if (_sampler is { } sampler)
        {
            sampler.Reset();
            _sampledBelow = sampler.Threshold;
        }
    }

    private void Watch()
    {
        if (_options.Sizing is { } sizing && _options.CapacityBytes > 0)
        {
            _sampler = new ReuseSampler(
                new ReuseSamplerOptions
                {
                    MaxSamples = sizing.MaxSamples,
                    MaxGroups = 1,
                    MaxReferencesPerSecond = sizing.MaxReferencesPerSecond,
                    HalfLife = sizing.HalfLife,
                    HorizonBytes = _options.CapacityBytes > long.MaxValue / sizing.HorizonFactor
                        ? long.MaxValue
                        : _options.CapacityBytes * sizing.HorizonFactor,
                },
                _options.Time);
            _sampledBelow = _sampler.Threshold;
        }
    }

    // The digest of the source is mixed already, and no two sources share one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteLookup(Fingerprint digest, CompiledHandler? handler)
    {
        if (digest.Prefix < _sampledBelow)
        {
            NoteSampled(digest, handler);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void NoteSampled(Fingerprint digest, CompiledHandler? handler)
    {
        var sampler = _sampler!; // Set before the threshold is.
        sampler.Look(digest.Prefix, 0, handler?.WeightBytes ?? -1, handler is not null);
        _sampledBelow = sampler.Threshold;
    }

    private void NoteStored(Fingerprint digest, CompiledHandler handler) => _sampler?.Store(digest.Prefix, 0, handler.WeightBytes);
}
