namespace Larder.Cache.Sizing;

/// <summary>What a cache of one capacity would have answered.</summary>
/// <param name="CapacityBytes">The capacity in bytes; in entries on a curve over entries.</param>
/// <param name="HitRatio">Part of the lookups, 0 to 1.</param>
/// <param name="ByteHitRatio">Part of the bytes asked for, 0 to 1, as far as their sizes became known.</param>
public readonly record struct CurvePoint(long CapacityBytes, double HitRatio, double ByteHitRatio);
