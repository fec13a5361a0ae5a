namespace Larder.Cache.Arenas;

/// <summary>How much of an arena is on one NUMA node.</summary>
/// <param name="Node">The node's number.</param>
/// <param name="Bytes">Bytes of the region on it.</param>
public readonly record struct ArenaNodeBytes(int Node, long Bytes);
