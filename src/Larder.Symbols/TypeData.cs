using System.Collections.Immutable;

namespace Larder.Symbols;

/// <summary>What is particular to a type.</summary>
public sealed record TypeData
{
    /// <summary>The definition in one line.</summary>
    public required string Definition { get; init; }

    /// <summary>The type it derives from; of a forwarded type the module that has it; empty for none.</summary>
    public string BaseType { get; init; } = string.Empty;

    /// <summary>Names of its type parameters.</summary>
    public ImmutableArray<string> TypeParameters { get; init; } = [];

    /// <summary>Identifiers of its constructors.</summary>
    public ImmutableArray<string> Constructors { get; init; } = [];

    /// <summary>Identifiers of its methods, accessors left out.</summary>
    public ImmutableArray<string> Methods { get; init; } = [];

    /// <summary>How many members it has, of every kind.</summary>
    public int MemberCount { get; init; }
}
