using Larder.Wasm;

namespace Larder.Tests.Wasm.Specification;

/// <summary>The ways to run modules, by the names that tests and the list of unsupported commands use.</summary>
internal static class Configurations
{
    private static readonly CompileOptions Base = new() { Features = WasmFeatures.Default | WasmFeatures.Memory64 };

    /// <summary>What makes a module ready for instances in this configuration.</summary>
    public static Func<byte[], CompiledModule> Compiler(string configuration)
    {
        var options = configuration switch
        {
            "guard" => Base with { MemoryChecks = MemoryChecks.Guard },
            "explicit" => Base with { MemoryChecks = MemoryChecks.Explicit },
            "fuel" => Base with { Fuel = true },
            "canonical" => Base with { CanonicalNaNs = true },
            "resident" => Base with { Unloadable = false },
            _ => throw new ArgumentOutOfRangeException(nameof(configuration), configuration, "There is no such configuration."),
        };
        return bytes => CompiledModule.Compile(bytes, options);
    }
}
