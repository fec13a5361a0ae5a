using System.Diagnostics;
using System.Globalization;

namespace Larder.Bench.Handlers;

/// <summary>A child process that calls handlers, ours or Node.js.</summary>
internal sealed class CallRunnerProcess : IDisposable
{
    private readonly Process _process;

    private CallRunnerProcess(string name, string file, IEnumerable<string> arguments)
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

    public static CallRunnerProcess Node(string script, string configuration) => new($"node, {configuration}", "node", [script, configuration]);

    public static CallRunnerProcess Larder(string configuration, string directory) =>
        new(configuration, Environment.ProcessPath!, ["handlers-runner", configuration, directory]);

    public CallFigures Run(string handler, int clients, int milliseconds)
    {
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {handler} {clients} {milliseconds}"));
        _process.StandardInput.Flush();
        return CallFigures.Parse(
            _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The runner '{Name}' ended."));
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(20_000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
