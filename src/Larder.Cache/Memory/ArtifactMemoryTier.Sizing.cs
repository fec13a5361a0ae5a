using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Sizing;

namespace Larder.Cache.Memory;

/// <content>What another capacity would bring.</content>
public sealed partial class ArtifactMemoryTier
{
    /// <summary>The curves of the lookups so far; null when the tier does not watch them.</summary>
    public TierCurves? GetCurves() => _sizing?.Read(CapacityBytes, _options.MaxEntries);

    /// <summary>Forgets what the curves were made of.</summary>
    public void ResetCurves()
    {
        if (_sizing is { } sizing)
        {
            sizing.Reset();
            _sampledBelow = sizing.Threshold;
        }
    }

    /// <summary>Begins to watch lookups. Before the tier is used.</summary>
    internal void Watch(SizingOptions options)
    {
        _sizing = new TierSizing(TierKind.Memory, options, CapacityBytes, LookupsOf, _time);
        _sampledBelow = _sizing.Threshold;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ArtifactLease GetSampled(ArtifactKey key)
    {
        var lease = Find(key);
        var sizing = _sizing!; // Set before the threshold is.
        sizing.Look(key, lease.IsHit ? ((MemoryContent)lease.Content).Weight : -1, lease.IsHit);
        _sampledBelow = sizing.Threshold;
        return lease;
    }

    private long LookupsOf(string kind) => (_kinds.GetValueOrDefault(kind) ?? _otherKinds).Read().Lookups;
}
