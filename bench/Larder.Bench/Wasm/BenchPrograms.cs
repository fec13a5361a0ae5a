namespace Larder.Bench.Wasm;

/// <summary>The programs, in the order of the report.</summary>
internal static class BenchPrograms
{
    public const string Kernels = "kernels";
    public const string Vectors = "vector kernels";
    public const string Assembly = "AssemblyScript";
    public const string JavaScript = "JavaScript on QuickJS";

    // Arguments that take V8 about 5 ms.
    private static readonly (string Name, int Argument)[] s_kernels =
    [
        ("fib", 31), ("sha256", 20_000), ("matmul", 128), ("sieve", 3), ("chase", 2_000_000), ("crc", 3),
        ("sort", 30_000), ("mandel", 160), ("vm", 120_000), ("fnv", 6),
    ];

    private static readonly (string Name, int Argument)[] s_vectors =
        [("axpy", 8_000), ("dot", 8_000), ("letters", 1_000), ("hexadecimal", 300)];

    private static readonly string[] s_scripts = ["fib", "loop", "json", "str", "sha", "sort", "objs"];

    /// <summary>The programs whose files lie in the directory that bench/wasm/run.sh filled.</summary>
    public static IReadOnlyList<BenchProgram> In(string directory)
    {
        var kernels = Path.Combine(directory, "kernels.wasm");
        var vectors = Path.Combine(directory, "simd.wasm");
        var quickJs = Path.Combine(directory, "quickjs.wasm");
        return
        [
            .. s_kernels.Select(kernel => new BenchProgram(Kernels, kernel.Name, "wasm", kernels, kernel.Name, kernel.Argument)),
            .. s_vectors.Select(kernel => new BenchProgram(Vectors, kernel.Name, "wasm", vectors, kernel.Name, kernel.Argument)),
            new BenchProgram(Assembly, "indexer", "wasm", Path.Combine(directory, "indexer.wasm"), "index", 100_000),
            .. s_scripts.Select(script => new BenchProgram(
                JavaScript, "js-" + script, "javascript", quickJs, Path.Combine(directory, "javascript", script + ".js"), 0)),
        ];
    }
}
