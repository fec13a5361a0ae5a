namespace Larder.Symbols;

/// <summary>
/// The name of one symbol: its module and its identifier there. Equal identifiers in two modules are two symbols.
/// </summary>
public readonly struct SymbolKey : IEquatable<SymbolKey>
{
    /// <summary>Creates the key.</summary>
    /// <param name="module">The module.</param>
    /// <param name="id">
    /// The identifier, as in documentation comments: a letter for the kind (<c>A</c>, <c>T</c>, <c>M</c>, <c>P</c>, <c>E</c>,
    /// <c>F</c>), a colon, the qualified name and the types of parameters.
    /// </param>
    public SymbolKey(ModuleId module, string id)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(id);
        Module = module;
        Id = id;
    }

    /// <summary>The module.</summary>
    public ModuleId Module { get; }

    /// <summary>The identifier in the module, such as <c>M:System.String.IndexOf(System.Char)</c>.</summary>
    public string Id { get; }

    /// <summary>Whether both are equal.</summary>
    public static bool operator ==(SymbolKey left, SymbolKey right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(SymbolKey left, SymbolKey right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(SymbolKey other) => string.Equals(Id, other.Id, StringComparison.Ordinal) && Equals(Module, other.Module);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SymbolKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        Id is null ? 0 : HashCode.Combine(string.GetHashCode(Id, StringComparison.Ordinal), Module.GetHashCode());

    /// <summary>Returns the identifier and the module.</summary>
    public override string ToString() => $"{Id} in {Module}";
}
