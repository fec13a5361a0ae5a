namespace Larder.Cli.Wasm;

/// <summary>What <c>larder wasm inspect --json</c> prints.</summary>
internal sealed record WasmReport
{
    public required string File { get; init; }

    public required long Bytes { get; init; }

    /// <summary>SHA-256 in lower-case hex.</summary>
    public required string Digest { get; init; }

    /// <summary>The module's own name.</summary>
    public string? Name { get; init; }

    /// <summary>Functions, imports included.</summary>
    public required int Functions { get; init; }

    /// <summary>Functions that the name section names.</summary>
    public required int NamedFunctions { get; init; }

    /// <summary>Index of the start function.</summary>
    public int? Start { get; init; }

    public required WasmSection[] Sections { get; init; }

    public required WasmExtern[] Imports { get; init; }

    public required WasmExtern[] Exports { get; init; }

    /// <summary>Types of all memories, imports first.</summary>
    public required string[] Memories { get; init; }

    /// <summary>Types of all tables, imports first.</summary>
    public required string[] Tables { get; init; }

    /// <summary>Types of all globals, imports first.</summary>
    public required string[] Globals { get; init; }
}

/// <summary>One section: its name (that of a custom section with it), its offset and its length with its header.</summary>
internal sealed record WasmSection(string Name, long Offset, long Bytes);

/// <summary>One import or export; <see cref="Module"/> is for imports only.</summary>
internal sealed record WasmExtern(string? Module, string Name, string Kind, string Type);
