namespace Larder.Symbols;

/// <summary>What a symbol is more exactly than its <see cref="SymbolKind"/> says.</summary>
public enum SymbolForm
{
    /// <summary>Nothing more to say.</summary>
    Plain = 0,

    /// <summary>A class.</summary>
    Class = 1,

    /// <summary>A value type.</summary>
    Struct = 2,

    /// <summary>An interface.</summary>
    Interface = 3,

    /// <summary>An enumeration.</summary>
    Enum = 4,

    /// <summary>A delegate, or a WebAssembly function type.</summary>
    Delegate = 5,

    /// <summary>The name of a type that another module holds: a type forwarder.</summary>
    Forward = 6,

    /// <summary>A method.</summary>
    Method = 7,

    /// <summary>An instance constructor.</summary>
    Constructor = 8,

    /// <summary>A static constructor.</summary>
    Initializer = 9,

    /// <summary>An operator or conversion.</summary>
    Operator = 10,

    /// <summary>A property or indexer.</summary>
    Property = 11,

    /// <summary>An event.</summary>
    Event = 12,

    /// <summary>A method that reads or writes a property, or subscribes to an event.</summary>
    Accessor = 13,

    /// <summary>A constant of an enumeration.</summary>
    EnumMember = 14,

    /// <summary>A WebAssembly global.</summary>
    Global = 15,

    /// <summary>A WebAssembly memory.</summary>
    Memory = 16,

    /// <summary>A WebAssembly table.</summary>
    Table = 17,
}
