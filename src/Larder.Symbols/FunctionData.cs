using System.Collections.Immutable;

namespace Larder.Symbols;

/// <summary>What is particular to a function.</summary>
public sealed record FunctionData
{
    /// <summary>The result, name and parameters in one line.</summary>
    public required string Signature { get; init; }

    /// <summary>The type of the result; of a property or event its type.</summary>
    public string ReturnType { get; init; } = string.Empty;

    /// <summary>Names of the parameters, in order; empty where the module has none.</summary>
    public ImmutableArray<string> Parameters { get; init; } = [];

    /// <summary>Names of attributes, without <c>Attribute</c> at their ends.</summary>
    public ImmutableArray<string> Attributes { get; init; } = [];
}
