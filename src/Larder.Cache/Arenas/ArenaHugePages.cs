namespace Larder.Cache.Arenas;

/// <summary>What the kernel is told about huge pages for an arena's region.</summary>
public enum ArenaHugePages
{
    /// <summary>Nothing: the machine's setting decides.</summary>
    System,

    /// <summary>Use them where they can be had. Reads miss the translation cache less; the first touch may take longer.</summary>
    Advise,

    /// <summary>Do not use them.</summary>
    Never,
}
