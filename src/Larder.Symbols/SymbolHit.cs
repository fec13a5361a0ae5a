using Larder.Symbols.Search;

namespace Larder.Symbols;

/// <summary>One result of a search.</summary>
public sealed record SymbolHit
{
    /// <summary>Its name for the cache.</summary>
    public required SymbolKey Key { get; init; }

    /// <summary>The module's own name.</summary>
    public required string Module { get; init; }

    /// <summary>Its simple name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required SymbolKind Kind { get; init; }

    /// <summary>What it is more exactly.</summary>
    public required SymbolForm Form { get; init; }

    /// <summary>Who may use it.</summary>
    public required SymbolVisibility Visibility { get; init; }

    /// <summary>What else is true of it.</summary>
    public required SymbolTraits Traits { get; init; }

    /// <summary>How the name fits the pattern.</summary>
    public required SymbolMatch Match { get; init; }
}
