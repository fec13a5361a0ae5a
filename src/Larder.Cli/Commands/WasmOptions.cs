using System.CommandLine;

namespace Larder.Cli.Commands;

/// <summary>Options of several <c>larder wasm</c> commands.</summary>
internal static class WasmOptions
{
    public static Option<bool> ExplicitChecks() => new("--explicit-checks")
    {
        Description = "Compare addresses with the memory's length instead of relying on guard pages. Slower.",
    };

    public static Option<bool> CanonicalNaNs() => new("--canonical-nans")
    {
        Description = "Give every not-a-number that arithmetic makes the same bits on every machine.",
    };
}
