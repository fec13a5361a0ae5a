namespace Larder.Symbols;

/// <summary>What a search found.</summary>
public sealed record SymbolSearchResult
{
    /// <summary>The best results: whole names first, then beginnings, humps and parts; shorter names first.</summary>
    public required IReadOnlyList<SymbolHit> Hits { get; init; }

    /// <summary>How many symbols fit in all.</summary>
    public long Total { get; init; }

    /// <summary>How many modules were searched.</summary>
    public int Modules { get; init; }

    /// <summary>How many symbols they have.</summary>
    public long Searched { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed { get; init; }
}
