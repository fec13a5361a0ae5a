namespace Larder.Symbols;

/// <summary>Who may use a symbol, from the widest to the narrowest; that of its own declaration, not of what surrounds it.</summary>
public enum SymbolVisibility
{
    /// <summary>Everyone.</summary>
    Public = 0,

    /// <summary>Derived types, and everything in its module.</summary>
    ProtectedInternal = 1,

    /// <summary>Derived types.</summary>
    Protected = 2,

    /// <summary>Everything in its module.</summary>
    Internal = 3,

    /// <summary>Derived types in its module.</summary>
    PrivateProtected = 4,

    /// <summary>Its type.</summary>
    Private = 5,
}
