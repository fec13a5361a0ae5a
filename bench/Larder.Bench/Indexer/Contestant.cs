using System.Diagnostics;

namespace Larder.Bench.Indexer;

/// <summary>A process that runs blocks.</summary>
internal sealed class Contestant : IDisposable
{
    private readonly Process _process;

    public Contestant(string program, params string[] arguments) =>
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;

    /// <summary>Runs a block.</summary>
    public BlockFigures Run(string path)
    {
        _process.StandardInput.WriteLine(path);
        _process.StandardInput.Flush();
        return BlockFigures.Parse(_process.StandardOutput.ReadLine() ?? throw new InvalidDataException("A contestant ended early."));
    }

    /// <summary>The most memory that it had resident, in MiB.</summary>
    public double PeakMiB()
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024;
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
