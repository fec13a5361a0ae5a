namespace Larder.Wasm;

/// <summary>
/// Limits on everything countable in a module; a module beyond one is refused with
/// <see cref="WasmErrorKind.LimitExceeded"/>. The defaults are those of the JavaScript embedding (section
/// "Limits" of the WebAssembly JavaScript API), narrower where a number only helps an attack on the compiler.
/// </summary>
public sealed record ModuleLimits
{
    /// <summary>Limits for modules of any origin.</summary>
    public static ModuleLimits Default { get; } = new();

    /// <summary>Bytes of a module. Default 1 GiB.</summary>
    public long ModuleBytes { get; init; } = 1L << 30;

    /// <summary>Entries of the type section. Default 1,000,000.</summary>
    public int Types { get; init; } = 1_000_000;

    /// <summary>Functions, imports included. Default 1,000,000.</summary>
    public int Functions { get; init; } = 1_000_000;

    /// <summary>Imports. Default 100,000.</summary>
    public int Imports { get; init; } = 100_000;

    /// <summary>Exports. Default 100,000.</summary>
    public int Exports { get; init; } = 100_000;

    /// <summary>Globals, imports included. Default 1,000,000.</summary>
    public int Globals { get; init; } = 1_000_000;

    /// <summary>Data segments. Default 100,000.</summary>
    public int DataSegments { get; init; } = 100_000;

    /// <summary>Element segments. Default 100,000.</summary>
    public int ElementSegments { get; init; } = 100_000;

    /// <summary>Items of all element segments together. Default 10,000,000.</summary>
    public int ElementItems { get; init; } = 10_000_000;

    /// <summary>Tables, imports included. Default 100.</summary>
    public int Tables { get; init; } = 100;

    /// <summary>Elements that a table may start with or grow to. Default 10,000,000.</summary>
    public int TableElements { get; init; } = 10_000_000;

    /// <summary>Memories, imports included; at most 64, the default.</summary>
    public int Memories { get; init; } = 64;

    /// <summary>Parameters of a function. Default 1,000.</summary>
    public int Parameters { get; init; } = 1_000;

    /// <summary>Results of a function or a block. Default 1,000.</summary>
    public int Results { get; init; } = 1_000;

    /// <summary>Locals of a function, parameters included. Default 50,000.</summary>
    public int Locals { get; init; } = 50_000;

    /// <summary>Bytes of one function's body. Default 7,654,321.</summary>
    public int FunctionBytes { get; init; } = 7_654_321;

    /// <summary>Depth of nested blocks in a function. Default 10,000.</summary>
    public int BlockDepth { get; init; } = 10_000;

    /// <summary>Values on the operand stack of a function. Default 16,000.</summary>
    public int OperandDepth { get; init; } = 16_000;

    /// <summary>Labels of one <c>br_table</c>. Default 65,520.</summary>
    public int BranchTableLabels { get; init; } = 65_520;

    /// <summary>Bytes of a name in an import, an export or the name section. Default 100,000.</summary>
    public int NameBytes { get; init; } = 100_000;

    /// <summary>Custom sections. Default 10,000.</summary>
    public int CustomSections { get; init; } = 10_000;
}
