namespace Larder.Symbols;

/// <summary>A module that is loaded.</summary>
public sealed record ModuleInfo
{
    /// <summary>Which.</summary>
    public required ModuleId Id { get; init; }

    /// <summary>Its own name.</summary>
    public required string Name { get; init; }

    /// <summary>Its version; empty when it has none.</summary>
    public required string Version { get; init; }

    /// <summary>What it is.</summary>
    public ModuleKind Kind { get; init; }

    /// <summary>How many symbols it has.</summary>
    public int Symbols { get; init; }

    /// <summary>How many of them can be reached from outside.</summary>
    public int Exports { get; init; }

    /// <summary>Size of its table, in bytes.</summary>
    public long TableBytes { get; init; }

    /// <summary>Whether the table is a mapped file, and no memory of the process.</summary>
    public bool IsMapped { get; init; }

    /// <summary>Where the table came from.</summary>
    public SymbolOrigin Origin { get; init; }

    /// <summary>Names of the modules that it refers to.</summary>
    public IReadOnlyList<string> References { get; init; } = [];
}
