using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Wasm;

/// <summary>The C programs beside this file, compiled for WASI by Debian's clang with its C library.</summary>
internal static class CProgram
{
    private const string CompilerPackage = "/usr/lib/wasm32-wasi/libc.a";

    /// <summary>What compiling needs; the library of the compiler itself is found by it.</summary>
    public static void RequireCompiler() => Tools.Require("clang-14", "wasm-ld-14", CompilerPackage);

    /// <summary>Compiles one program into a directory and returns the module's path.</summary>
    public static async Task<string> CompileAsync(TemporaryDirectory directory, string name, params string[] options)
    {
        RequireCompiler();
        var module = directory[name + ".wasm"];
        var source = Path.Combine(BuiltTool.Root, "tests", "Larder.EndToEnd", "Wasm", "programs", name + ".c");
        (await ProgramRun.OfAsync(new ProgramStart(
            "clang-14", ["--target=wasm32-wasi", "-O1", "-Wall", "-Werror", .. options, "-o", module, source]))).Succeeded();
        return module;
    }
}
