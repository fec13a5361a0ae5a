using System.Diagnostics;
using System.Globalization;

namespace Larder.Bench.Wasm;

/// <summary>One call of a program: processor time in nanoseconds and the result.</summary>
internal readonly record struct RunnerAnswer(double Nanoseconds, string Result);

/// <summary>A child process that runs programs, ours or Node.js.</summary>
internal sealed class RunnerProcess : IDisposable
{
    private readonly Process _process;

    private RunnerProcess(string name, string file, IEnumerable<string> arguments)
    {
        Name = name;
        _process = Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
    }

    public string Name { get; }

    public static RunnerProcess Node(string runner) => new("node", "node", [runner]);

    public static RunnerProcess Larder(string configuration) => new(configuration, Self, ["wasm-runner", configuration]);

    /// <summary>The program that this is, to be started again.</summary>
    public static string Self => Environment.ProcessPath!;

    public void Add(BenchProgram program) => Ask(program.Command);

    /// <summary>The processor time of one call, from a number of calls in a row.</summary>
    public RunnerAnswer Run(BenchProgram program, int count)
    {
        var answer = Ask(string.Join('\t', "run", program.Name, count.ToString(CultureInfo.InvariantCulture)));
        var space = answer.IndexOf(' ', StringComparison.Ordinal);
        return new RunnerAnswer(
            double.Parse(answer.AsSpan(0, space), CultureInfo.InvariantCulture) / count, answer[(space + 1)..]);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private string Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        return _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"The runner '{Name}' ended at: {line}");
    }
}
