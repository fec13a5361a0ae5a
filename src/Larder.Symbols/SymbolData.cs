using System.Collections.Immutable;

namespace Larder.Symbols;

/// <summary>What is known of one symbol. Of what is particular to its kind, one is set.</summary>
public sealed record SymbolData
{
    /// <summary>Its name for the cache: module and identifier.</summary>
    public required SymbolKey Key { get; init; }

    /// <summary>Its simple name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required SymbolKind Kind { get; init; }

    /// <summary>What it is more exactly.</summary>
    public SymbolForm Form { get; init; }

    /// <summary>Who may use it.</summary>
    public SymbolVisibility Visibility { get; init; }

    /// <summary>What else is true of it.</summary>
    public SymbolTraits Traits { get; init; }

    /// <summary>Names of attributes, without <c>Attribute</c> at their ends.</summary>
    public ImmutableArray<string> Attributes { get; init; } = [];

    /// <summary>The type of its value, for a field; empty for others.</summary>
    public string ValueType { get; init; } = string.Empty;

    /// <summary>Metadata token; of WebAssembly the index in its index space.</summary>
    public int Token { get; init; }

    /// <summary>Where it stands in source code; null when that is not known or was not asked for.</summary>
    public SourceLocation? Location { get; init; }

    /// <summary>Its documentation as plain text; null when there is none or it was not asked for.</summary>
    public string? Documentation { get; init; }

    /// <summary>Of a function.</summary>
    public FunctionData? Function { get; init; }

    /// <summary>Of a type.</summary>
    public TypeData? Type { get; init; }

    /// <summary>Of a constant.</summary>
    public ConstantData? Constant { get; init; }

    /// <summary>Of a module.</summary>
    public ModuleData? Module { get; init; }
}
