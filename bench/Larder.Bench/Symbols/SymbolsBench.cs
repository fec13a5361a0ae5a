using System.Diagnostics;
using System.Globalization;

namespace Larder.Bench.Symbols;

/// <summary>
/// Symbols of the installed framework: what each bar asks for, and Roslyn over the same files beside it. Each contestant runs
/// in a process of its own, so that memory is its own too. Use bench/symbols/run.sh, which builds with machine code.
/// </summary>
internal static class SymbolsBench
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = arguments is ["--rounds", var given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 3;
        var store = Directory.CreateTempSubdirectory("larder-bench-symbols-").FullName;
        try
        {
            Console.WriteLine("```");
            foreach (var part in (string[])["cold", "fill", "warm", "lookup", "memory", "roslyn"])
            {
                for (var round = 0; round < (part is "cold" or "warm" or "lookup" or "roslyn" ? rounds : 1); round++)
                {
                    await ChildAsync(part, store).ConfigureAwait(false);
                }
            }

            Console.WriteLine("```");
            return 0;
        }
        finally
        {
            Directory.Delete(store, recursive: true);
        }
    }

    private static async Task ChildAsync(string part, string store)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(SymbolsBench).Assembly.Location);
        }

        start.ArgumentList.Add("symbols-runner");
        start.ArgumentList.Add(part);
        start.ArgumentList.Add(store);
        using var child = Process.Start(start)!;
        Console.Write(await child.StandardOutput.ReadToEndAsync().ConfigureAwait(false));
        await child.WaitForExitAsync().ConfigureAwait(false);
        if (child.ExitCode != 0)
        {
            throw new InvalidOperationException($"{part} ended with {child.ExitCode}.");
        }
    }
}
