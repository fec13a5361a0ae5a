using Larder.Wasm;

namespace Larder.Bench.Wasm;

/// <summary>A way to compile that is measured. Interrupt and stack checks are on in all of them.</summary>
internal static class RunnerConfiguration
{
    public const string Guard = "guard";
    public const string Explicit = "explicit";
    public const string Deterministic = "guard+fuel+nan";
    public const string Uncounted = "explicit+fuel+nan";
    public const string Indexer = "explicit+fuel+nan+depth";
    public const string Stays = "guard, not unloadable";

    /// <summary>Those of the report, in its order. The rest are measured when they are asked for.</summary>
    public static IReadOnlyList<string> Names { get; } = [Guard, Explicit, Deterministic, Stays];

    /// <summary>The options that a name stands for.</summary>
    public static CompileOptions Options(string name) => name switch
    {
        Guard => new CompileOptions { MemoryChecks = MemoryChecks.Guard },
        Explicit => new CompileOptions { MemoryChecks = MemoryChecks.Explicit },
        Deterministic => new CompileOptions { MemoryChecks = MemoryChecks.Guard, Fuel = true, CanonicalNaNs = true },
        Uncounted => new CompileOptions { MemoryChecks = MemoryChecks.Explicit, Fuel = true, CanonicalNaNs = true },
        Indexer => new CompileOptions { MemoryChecks = MemoryChecks.Explicit, Fuel = true, CanonicalNaNs = true, CallDepth = true },
        Stays => new CompileOptions { MemoryChecks = MemoryChecks.Guard, Unloadable = false },
        _ => throw new ArgumentException($"'{name}' is none of {string.Join(", ", Names)}.", nameof(name)),
    };
}
