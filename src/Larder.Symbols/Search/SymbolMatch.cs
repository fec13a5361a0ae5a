namespace Larder.Symbols.Search;

/// <summary>How a name has to fit a pattern.</summary>
public enum SymbolMatch
{
    /// <summary>By any of the ways below; the better ones come first.</summary>
    Any = 0,

    /// <summary>The whole name.</summary>
    Exact = 1,

    /// <summary>The name begins with the pattern.</summary>
    Prefix = 2,

    /// <summary>The pattern is made of beginnings of the name's humps, in order: <c>StRe</c> fits <c>StreamReader</c>.</summary>
    CamelHump = 3,

    /// <summary>The pattern is somewhere in the name.</summary>
    Substring = 4,
}
