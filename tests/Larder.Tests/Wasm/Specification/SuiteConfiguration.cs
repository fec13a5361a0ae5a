using System.Security.Cryptography;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Specification;

/// <summary>A way to run modules.</summary>
/// <param name="Name">Its name in tests and in the list of unsupported commands.</param>
/// <param name="Options">How modules are compiled.</param>
/// <param name="IsSaved">Whether modules are saved and loaded between compilation and use.</param>
internal sealed record SuiteConfiguration(string Name, CompileOptions Options, bool IsSaved = false)
{
    private static readonly CompileOptions Defaults = new() { Features = WasmFeatures.Default | WasmFeatures.Memory64 };

    /// <summary>The configuration of a name.</summary>
    public static SuiteConfiguration Get(string name) => name switch
    {
        "guard" => new(name, Defaults with { MemoryChecks = MemoryChecks.Guard }),
        "explicit" => new(name, Defaults with { MemoryChecks = MemoryChecks.Explicit }),
        "fuel" => new(name, Defaults with { Fuel = true }),
        "canonical" => new(name, Defaults with { CanonicalNaNs = true }),
        "deterministic" => new(
            name, Defaults with { MemoryChecks = MemoryChecks.Explicit, Fuel = true, CanonicalNaNs = true, CallDepth = true }),
        "saved" => new(name, Defaults, IsSaved: true),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such configuration."),
    };

    /// <summary>Makes a module ready for instances.</summary>
    public CompiledModule Compile(byte[] bytes)
    {
        var compiled = CompiledModule.Compile(bytes, Options);
        return IsSaved
            ? CompiledModule.Load(compiled.Save(), Convert.ToHexStringLower(SHA256.HashData(bytes)), Options)
            : compiled;
    }
}
