using System.Collections.Immutable;
using Larder.Wasm;
using Larder.Wasm.Wasi;

namespace Larder.Cli.Wasm;

/// <summary>What <c>larder wasm run</c> was asked to run, and with which grants and limits.</summary>
internal sealed record RunOptions
{
    public required ModuleFile File { get; init; }

    /// <summary>The export to call; null for the program's start.</summary>
    public string? Invoke { get; init; }

    public ImmutableArray<string> Arguments { get; init; } = [];

    public ImmutableArray<KeyValuePair<string, string>> Environment { get; init; } = [];

    public ImmutableArray<WasiDirectory> Directories { get; init; } = [];

    /// <summary>Null for no limit.</summary>
    public long? Fuel { get; init; }

    /// <summary>Null for no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    public required StoreOptions Store { get; init; }

    public required CompileOptions Compile { get; init; }

    public bool IsDeterministic { get; init; }

    /// <summary>Whether the file may be code that <c>larder wasm compile</c> wrote.</summary>
    public bool TrustsCompiled { get; init; }

    /// <summary>How this command compiles: for one process that keeps the module to its end.</summary>
    public static CompileOptions Compilation(bool explicitChecks, bool fuel, bool canonicalNaNs) => new()
    {
        MemoryChecks = explicitChecks ? MemoryChecks.Explicit : MemoryChecks.Auto,
        Fuel = fuel,
        CanonicalNaNs = canonicalNaNs,
        Unloadable = false,
    };
}
