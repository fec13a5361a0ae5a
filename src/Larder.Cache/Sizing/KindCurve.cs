namespace Larder.Cache.Sizing;

/// <summary>The curve of one kind in a tier that it shares with others.</summary>
/// <param name="Kind">The kind's name.</param>
/// <param name="Curve">Which part of this kind's lookups are hits when the whole tier has a capacity.</param>
public sealed record KindCurve(string Kind, MissRatioCurve Curve);
