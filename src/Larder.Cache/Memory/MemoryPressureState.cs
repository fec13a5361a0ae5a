namespace Larder.Cache.Memory;

/// <summary>What a <see cref="MemoryPressureMonitor"/> saw at its last look.</summary>
/// <param name="IsShort">Whether memory was short.</param>
/// <param name="Reason">Why, or what came nearest to it; for people.</param>
/// <param name="Ratio">The largest used part of any limit, from 0.</param>
/// <param name="StallPercent">Percentage of the last ten seconds in which tasks waited for memory; -1 when unknown.</param>
/// <param name="WithheldPart">Part of the tier's capacity that is given up now.</param>
/// <param name="Looks">How often it has looked.</param>
public readonly record struct MemoryPressureState(
    bool IsShort, string Reason, double Ratio, double StallPercent, double WithheldPart, long Looks);
