using System.Collections.Immutable;

namespace Larder.Wasm.Modules;

/// <summary>
/// A decoded module. Immutable and safe for any number of threads. Index spaces count imports first.
/// </summary>
public sealed partial class WasmModule
{
    internal WasmModule()
    {
    }

    /// <summary>Everything that an instance must be given, in order.</summary>
    public ImmutableArray<ModuleImport> Imports { get; init; } = [];

    /// <summary>Everything that an instance offers, in order.</summary>
    public ImmutableArray<ModuleExport> Exports { get; init; } = [];

    /// <summary>Names for messages and stack traces, as far as the module has a readable name section.</summary>
    public ModuleNames Names { get; init; } = ModuleNames.None;

    /// <summary>The custom sections, in order; names can repeat.</summary>
    public ImmutableArray<CustomSection> CustomSections { get; init; } = [];

    /// <summary>Length of the binary form in bytes.</summary>
    public long ByteLength { get; init; }

    /// <summary>The function types, as in the type section.</summary>
    internal ImmutableArray<FunctionType> Types { get; init; } = [];

    /// <summary>Index into <see cref="Types"/> of every function, imports first.</summary>
    internal ImmutableArray<int> FunctionTypes { get; init; } = [];

    /// <summary>How many functions there are, imports included.</summary>
    public int FunctionCount => FunctionTypes.Length;

    internal int ImportedFunctionCount { get; init; }

    /// <summary>Types of all tables, imports first.</summary>
    public ImmutableArray<TableType> Tables { get; init; } = [];

    internal ImmutableArray<TableDefinition> DefinedTables { get; init; } = [];

    internal int ImportedTableCount => Tables.Length - DefinedTables.Length;

    /// <summary>Types of all memories, imports first.</summary>
    public ImmutableArray<MemoryType> Memories { get; init; } = [];

    internal int ImportedMemoryCount { get; init; }

    /// <summary>Types of all globals, imports first.</summary>
    public ImmutableArray<GlobalType> Globals { get; init; } = [];

    internal ImmutableArray<GlobalDefinition> DefinedGlobals { get; init; } = [];

    internal int ImportedGlobalCount => Globals.Length - DefinedGlobals.Length;

    /// <summary>Index of the start function; -1 when there is none.</summary>
    public int StartFunction { get; init; } = -1;

    internal ImmutableArray<ElementSegment> Elements { get; init; } = [];

    internal ImmutableArray<DataSegment> Data { get; init; } = [];

    /// <summary>What the data count section says; null when there is none.</summary>
    internal int? DataCount { get; init; }

    /// <summary>Bodies of the defined functions; empty in a module that was loaded from a saved artifact.</summary>
    internal ImmutableArray<FunctionBody> Bodies { get; init; } = [];

    /// <summary>Offset of the content of every section by its id, for messages; empty when not decoded from bytes.</summary>
    internal ImmutableArray<long> SectionOffsets { get; init; } = [];

    /// <summary>The type of function <paramref name="index"/> of the function index space.</summary>
    public FunctionType FunctionTypeOf(int index) => Types[FunctionTypes[index]];
}
