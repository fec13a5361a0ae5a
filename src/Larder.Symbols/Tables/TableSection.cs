namespace Larder.Symbols.Tables;

/// <summary>The parts of a table after its header, each aligned to eight bytes, in this order.</summary>
internal enum TableSection
{
    /// <summary><see cref="SymbolRecord"/> of every symbol: each type, then its members.</summary>
    Records,

    /// <summary>Open addressing by <see cref="NameHash"/> of the identifier: symbol plus one, 0 for free.</summary>
    Slots,

    /// <summary>Where every simple name begins in <see cref="Names"/> and <see cref="Folded"/>; one more for the end.</summary>
    NameOffsets,

    /// <summary>One word of humps for every simple name.</summary>
    NameHumps,

    /// <summary>Where the symbols of every simple name begin in <see cref="NameSymbols"/>; one more for the end.</summary>
    NameStarts,

    /// <summary>Symbols by name.</summary>
    NameSymbols,

    /// <summary>The bits of <see cref="SymbolRecord"/> for every symbol of <see cref="NameSymbols"/>, so that a search need not visit it.</summary>
    NameBits,

    /// <summary>The simple names in the order of <see cref="Folded"/>, each with a zero byte after it.</summary>
    Names,

    /// <summary>The same without case.</summary>
    Folded,

    /// <summary>Texts, each after its length as a LEB128 number; the first is empty.</summary>
    Texts,

    /// <summary>Texts that name the modules which this one refers to.</summary>
    References,
}
