namespace Larder.Cache.Arenas;

/// <summary>The blocks of an arena whose length is at least one power of two and below the next.</summary>
/// <param name="MinBytes">Smallest block of the class, in bytes.</param>
/// <param name="LiveBlocks">Blocks in use.</param>
/// <param name="LiveBytes">Bytes of the region that they take.</param>
/// <param name="FreeBlocks">Holes of that length.</param>
/// <param name="FreeBytes">Bytes of the region that the holes take.</param>
public readonly record struct ArenaSizeClass(long MinBytes, long LiveBlocks, long LiveBytes, long FreeBlocks, long FreeBytes);
