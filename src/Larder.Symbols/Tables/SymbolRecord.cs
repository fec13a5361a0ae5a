using System.Runtime.InteropServices;

namespace Larder.Symbols.Tables;

/// <summary>
/// One symbol as it lies in a table: 36 bytes, little endian. Texts are offsets into the table's texts, where 0 is empty.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct SymbolRecord
{
    public const int Size = 36;

    private const int FormShift = 3;
    private const int VisibilityShift = 8;
    private const int TraitsShift = 12;

    /// <summary>Index of the simple name.</summary>
    public uint Name;

    /// <summary>The symbol that this is declared in plus one, always an earlier one; 0 for the module.</summary>
    public uint Parent;

    /// <summary>
    /// Of a function: what follows its name in its identifier, such as <c>(System.Int32)</c>. Of a type that is in no
    /// other: its namespace.
    /// </summary>
    public uint Suffix;

    /// <summary>Type of the result, of the value, or the base type. Of a forwarded type: the module that has it.</summary>
    public uint Type;

    /// <summary>
    /// Of a constant: its value. Of a function: the names of type parameters and parameters. Of a type: the names of type
    /// parameters.
    /// </summary>
    public uint Value;

    /// <summary>Names of attributes.</summary>
    public uint Attributes;

    /// <summary>Metadata token; of WebAssembly: the index in its index space.</summary>
    public uint Token;

    /// <summary>Of a type: how many members follow it.</summary>
    public uint Members;

    /// <summary>Kind, form, visibility and traits.</summary>
    public uint Bits;

    public readonly SymbolKind Kind => KindOf(Bits);

    public readonly SymbolForm Form => FormOf(Bits);

    public readonly SymbolVisibility Visibility => (SymbolVisibility)((Bits >> VisibilityShift) & 7);

    public readonly SymbolTraits Traits => TraitsOf(Bits);

    public static SymbolKind KindOf(uint bits) => (SymbolKind)(bits & 7);

    public static SymbolForm FormOf(uint bits) => (SymbolForm)((bits >> FormShift) & 31);

    public static SymbolTraits TraitsOf(uint bits) => (SymbolTraits)(bits >> TraitsShift);

    public static uint Pack(SymbolKind kind, SymbolForm form, SymbolVisibility visibility, SymbolTraits traits) =>
        (uint)kind | ((uint)form << FormShift) | ((uint)visibility << VisibilityShift) | ((uint)traits << TraitsShift);
}
