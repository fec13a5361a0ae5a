using System.Diagnostics;
using System.Text.Json;

namespace Larder.Tests.Wasm.Generation;

/// <summary>Runs generated modules in a process of Node.js.</summary>
internal sealed class NodeRunner : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private NodeRunner(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts it; null when there is no Node.js on this machine.</summary>
    public static NodeRunner? TryStart()
    {
        var start = new ProcessStartInfo("node", [Path.Combine(AppContext.BaseDirectory, "node-runner.mjs")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return new NodeRunner(Process.Start(start)!); // Not null: no shell is used, so a process is always made.
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>What a module did, a line for each call.</summary>
    public string[] Run(GeneratedModule module)
    {
        var shape = module.Shape;
        var job = new
        {
            wasm = Convert.ToBase64String(module.Bytes),
            budget = EngineRunner.Budget,
            functions = Enumerable.Range(0, shape.Functions.Count).ToDictionary(
                static index => $"f{index}",
                index => new
                {
                    parameters = shape.TypeOf(index).Parameters.Select(Text).ToArray(),
                    results = shape.TypeOf(index).Results.Select(Text).ToArray(),
                }),
            globals = Enumerable.Range(0, shape.Globals.Count)
                .Where(index => shape.Globals[index].Type != WasmType.V128)
                .ToDictionary(static index => $"g{index}", index => Text(shape.Globals[index].Type)),
            calls = module.Calls.Select(static call => (string[])[$"f{call.Function}", .. call.Arguments]).ToArray(),
        };
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(job));
        _process.StandardInput.Flush();
        var line = _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"Node.js ended with seed {module.Seed}: {_errors.Result}");
        return JsonSerializer.Deserialize<string[]>(line)!; // Not null: the runner writes a list.
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string Text(WasmType type) => type.ToString().ToLowerInvariant();
}
