namespace Larder.Symbols;

/// <summary>How loading modules went.</summary>
public sealed record LoadReport
{
    /// <summary>The modules, in the order of their paths.</summary>
    public required IReadOnlyList<ModuleInfo> Modules { get; init; }

    /// <summary>What could not be loaded, each with its file.</summary>
    public required IReadOnlyList<SymbolsException> Failures { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Symbols of all modules.</summary>
    public long Symbols => Modules.Sum(static module => (long)module.Symbols);
}
