using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Larder.Handlers.Engine;
using Larder.Wasm;

namespace Larder.Bench.Wasm;

/// <summary>
/// A process that runs one script on QuickJS and ends: <c>Larder.Bench wasm-first MODULE SCRIPT TIERED|COLLECTIBLE [ARTIFACT]</c>.
/// With the path of an artifact it loads that instead of compiling, or makes it when there is none. Says the result, and on
/// the next line its processor time and the wall time of each step, in milliseconds.
/// </summary>
internal static class FirstResult
{
    public const string Tiered = "tiered";
    public const string Collectible = "collectible";

    public static int Run(string[] args)
    {
        var options = new CompileOptions { Unloadable = args[2] == Collectible };
        var clock = Stopwatch.StartNew();
        var started = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalMilliseconds;
        var module = Module(args, options);
        var compiled = clock.Elapsed.TotalMilliseconds;

        // As the runtime of handlers does it. The process ends before all of it is done.
        _ = EngineModuleFunctions.PrepareAsync(module, CancellationToken.None);
        using var store = new Store();
        var guest = new QuickJsGuest(store, module);
        var initialized = clock.Elapsed.TotalMilliseconds;
        guest.Evaluate(File.ReadAllText(args[1]));
        Console.WriteLine(guest.Evaluate("main()"));
        var ended = clock.Elapsed.TotalMilliseconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.CpuUsage.TotalTime.TotalMilliseconds:F0}\truntime {started:F0}, module {compiled:F0}, instance {initialized - compiled:F0}, script {ended - initialized:F0}"));
        return 0;
    }

    /// <summary>The digest of a module, which is the name of its artifact.</summary>
    public static string Digest(string module) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(module)));

    private static CompiledModule Module(string[] args, CompileOptions options)
    {
        if (args.Length < 4)
        {
            return CompiledModule.Compile(File.ReadAllBytes(args[0]), options);
        }

        if (File.Exists(args[3]))
        {
            // The digest is in the name of a saved module; nobody reads the module to find it.
            return CompiledModule.Load(File.ReadAllBytes(args[3]), Path.GetFileName(args[3]), options);
        }

        var bytes = File.ReadAllBytes(args[0]);
        var module = CompiledModule.Compile(bytes, options);
        File.WriteAllBytes(args[3], module.Save());
        return module;
    }
}
