namespace Larder.Wasm;

/// <summary>What can be imported and exported.</summary>
public enum ExternKind : byte
{
    /// <summary>A function.</summary>
    Function = 0,

    /// <summary>A table of references.</summary>
    Table = 1,

    /// <summary>A linear memory.</summary>
    Memory = 2,

    /// <summary>A global variable.</summary>
    Global = 3,
}

/// <summary>Bounds of a growable thing, both inclusive: elements of a table, 64 KiB pages of a memory.</summary>
/// <param name="Minimum">Its first size.</param>
/// <param name="Maximum">What it never exceeds; null when the module does not say.</param>
public readonly record struct Limits(ulong Minimum, ulong? Maximum);

/// <summary>The type of a linear memory.</summary>
/// <param name="Limits">In pages of 64 KiB.</param>
/// <param name="Is64">Whether addresses are 64-bit.</param>
public readonly record struct MemoryType(Limits Limits, bool Is64 = false);

/// <summary>The type of a table.</summary>
/// <param name="Element">Type of its elements, a reference type.</param>
/// <param name="Limits">In elements.</param>
/// <param name="Is64">Whether indices are 64-bit.</param>
public readonly record struct TableType(WasmType Element, Limits Limits, bool Is64 = false);

/// <summary>The type of a global variable.</summary>
/// <param name="Type">Type of its value.</param>
/// <param name="IsMutable">Whether it can be set.</param>
public readonly record struct GlobalType(WasmType Type, bool IsMutable);
