using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Larder.EndToEnd.Harness;
using Larder.Wasm;

namespace Larder.EndToEnd.Wasm;

/// <summary>Modules from npm and of compilers from npm, here and in Node.js.</summary>
internal static class NodeModules
{
    private static readonly string Sources = Path.Combine(BuiltTool.Root, "tests", "Larder.EndToEnd", "Wasm");

    private static readonly string Packages = Path.Combine(BuiltTool.Root, "tests", "Larder.EndToEnd", "clients", "node_modules");

    public static string QuickJs { get; } = Path.Combine(
        BuiltTool.Root, "src", "Larder.Handlers", "Engine", "module", "node_modules", "quickjs-wasi", "quickjs.wasm");

    /// <summary>Every way to compile, and whether the module is saved and loaded in between.</summary>
    public static (string Name, CompileOptions Options, bool IsSaved)[] Ways { get; } =
    [
        ("default", new(), false),
        ("explicit", new() { MemoryChecks = MemoryChecks.Explicit }, false),
        ("fuel", new() { Fuel = true }, false),
        ("deterministic", new() { MemoryChecks = MemoryChecks.Explicit, Fuel = true, CanonicalNaNs = true }, false),
        ("saved", new(), true),
        ("kept", new() { Unloadable = false }, false),
    ];

    public static CompiledModule Compile(byte[] bytes, CompileOptions options, bool isSaved)
    {
        var compiled = CompiledModule.Compile(bytes, options);
        return isSaved
            ? CompiledModule.Load(compiled.Save(), Convert.ToHexStringLower(SHA256.HashData(bytes)), options)
            : compiled;
    }

    /// <summary>Compiles a program beside this file with the AssemblyScript compiler.</summary>
    public static async Task<string> AssemblyScriptAsync(TemporaryDirectory directory, string name, params string[] options)
    {
        var compiler = Path.Combine(Packages, "assemblyscript", "bin", "asc.js");
        Tools.Require("node", compiler);
        var module = directory[name + ".wasm"];
        File.Copy(Path.Combine(Sources, "programs", name + ".ts"), directory[name + ".ts"], overwrite: true);
        var start = new ProgramStart("node", [compiler, name + ".ts", "--outFile", module, .. options]) { Directory = directory.Root };
        (await ProgramRun.OfAsync(start)).Succeeded();
        return module;
    }

    /// <summary>What Node.js sees of a module.</summary>
    public static async Task<string[]> InNodeAsync(string kind, string module, object job)
    {
        Tools.Require("node", module);
        var script = Path.Combine(Sources, "node-modules-runner.mjs");
        var quickJs = Path.Combine(BuiltTool.Root, "bench", "wasm", "quickjs.mjs");
        var start = new ProgramStart("node", script, kind, module, quickJs) { Input = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(job)) };
        return JsonSerializer.Deserialize<string[]>((await ProgramRun.OfAsync(start)).Succeeded().Output)!; // Not null: the script writes a list.
    }

    public static string HashOf(WasmMemory memory) =>
        Convert.ToHexStringLower(SHA256.HashData(memory.Span(0, (int)memory.ByteLength)));
}
