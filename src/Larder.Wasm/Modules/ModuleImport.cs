namespace Larder.Wasm.Modules;

/// <summary>One import of a module. The type that belongs to <see cref="Kind"/> is set, the others are default.</summary>
/// <param name="Module">First part of the name.</param>
/// <param name="Name">Second part of the name.</param>
/// <param name="Kind">What is imported.</param>
public sealed record ModuleImport(string Module, string Name, ExternKind Kind)
{
    /// <summary>Of a function: its type. Null for other kinds.</summary>
    public FunctionType? Function { get; init; }

    /// <summary>Of a function: the index of its type in <see cref="WasmModule.Types"/>.</summary>
    internal int TypeIndex { get; init; }

    /// <summary>Of a table: its type.</summary>
    public TableType Table { get; init; }

    /// <summary>Of a memory: its type.</summary>
    public MemoryType Memory { get; init; }

    /// <summary>Of a global: its type.</summary>
    public GlobalType Global { get; init; }
}
