using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Indexer;

/// <summary>Indexers compiled from their sources here: AssemblyScript by the compiler from npm, text by Debian's wabt.</summary>
internal static class GuestPrograms
{
    /// <summary>All of them, with the compiler options they are built with.</summary>
    public static readonly (string Name, string[] Options)[] All =
    [
        ("ledger", ["-O3", "--runtime", "stub"]),
        ("start", ["-O1", "--runtime", "incremental"]),
        ("growth", ["-O3", "--runtime", "minimal"]),
        ("floats", []),
        ("pairs", []),
    ];

    private static readonly string Guests = Path.Combine(BuiltTool.Root, "tests", "Larder.EndToEnd", "Indexer", "guests");

    private static readonly string Samples = Path.Combine(BuiltTool.Root, "samples", "indexer");

    private static readonly string Compiler = Path.Combine(
        BuiltTool.Root, "tests", "Larder.EndToEnd", "clients", "node_modules", "assemblyscript", "bin", "asc.js");

    /// <summary>Compiles a program into the directory and returns the module's path.</summary>
    public static async Task<string> CompileAsync(TemporaryDirectory directory, string name)
    {
        var module = directory[name + ".wasm"];
        var text = Path.Combine(Guests, name + ".wat");
        if (File.Exists(text))
        {
            Tools.Require("wat2wasm");
            (await ProgramRun.OfAsync(new ProgramStart("wat2wasm", text, "-o", module))).Succeeded();
            return module;
        }

        Tools.Require("node", Compiler);
        var source = new[] { Samples, Guests }.Select(folder => Path.Combine(folder, name + ".ts")).First(File.Exists);
        var options = All.First(program => program.Name == name).Options;

        // The compiler takes sources relative to where it runs.
        var start = new ProgramStart("node", [Compiler, Path.GetRelativePath(BuiltTool.Root, source), "--outFile", module, .. options])
        {
            Directory = BuiltTool.Root,
        };
        (await ProgramRun.OfAsync(start)).Succeeded();
        return module;
    }

    /// <summary>Blocks of random bytes, some of which are floats at their limits; the same for the same seed.</summary>
    public static IReadOnlyList<byte[]> Blocks(int seed, int count, int bytes)
    {
        var random = new Random(seed);
        double[] limits = [double.NaN, -double.NaN, double.PositiveInfinity, double.NegativeInfinity, -0.0, double.Epsilon, double.MaxValue];
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var block = new byte[bytes + random.Next(bytes)];
            random.NextBytes(block);
            for (var at = 80; at + 8 <= block.Length; at += 8 * (1 + random.Next(40)))
            {
                BitConverter.TryWriteBytes(block.AsSpan(at), limits[random.Next(limits.Length)]);
            }

            // Few accounts, so that balances are read, changed and deleted again.
            for (var at = 80; at + 36 <= block.Length; at += 36)
            {
                block.AsSpan(at + 1, 19).Fill((byte)random.Next(3));
            }

            return block;
        })];
    }
}
