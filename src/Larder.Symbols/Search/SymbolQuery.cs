using System.Collections.Immutable;

namespace Larder.Symbols.Search;

/// <summary>What to search for.</summary>
public sealed record SymbolQuery
{
    /// <summary>Longest pattern, in bytes of UTF-8.</summary>
    public const int MaxPatternBytes = 256;

    /// <summary>Most results of one search.</summary>
    public const int MaxLimit = 10_000;

    /// <summary>
    /// The simple name or a part of it; letters fit without regard to case. What stands before the last point must end the
    /// qualified name of what the symbol is declared in: <c>String.Ind</c>. Empty fits everything.
    /// </summary>
    public required string Pattern { get; init; }

    /// <summary>How names have to fit. Default: any way.</summary>
    public SymbolMatch Match { get; init; }

    /// <summary>The kinds to search; empty, the default, for all.</summary>
    public ImmutableArray<SymbolKind> Kinds { get; init; } = [];

    /// <summary>The forms to search; empty, the default, for all.</summary>
    public ImmutableArray<SymbolForm> Forms { get; init; } = [];

    /// <summary>
    /// The modules to search by name or path, where <c>*</c> stands for any text; null, the default, for all.
    /// </summary>
    public string? Module { get; init; }

    /// <summary>
    /// Whether to search what cannot be reached from outside its module, what compilers made, and accessors. Default false.
    /// </summary>
    public bool IncludesHidden { get; init; }

    /// <summary>Whether to search types that a module only forwards to another. Default false.</summary>
    public bool IncludesForwards { get; init; }

    /// <summary>Most results, from 1 to <see cref="MaxLimit"/>. Default 50.</summary>
    public int Limit { get; init; } = 50;
}
