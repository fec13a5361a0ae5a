using System.Diagnostics;
using System.Globalization;

namespace Larder.Bench.Wasm;

/// <summary>A process that was started to say one line.</summary>
/// <param name="WallMilliseconds">Until its first line was there.</param>
/// <param name="ProcessorMilliseconds">Its processor time, as its second line says.</param>
/// <param name="Steps">What its second line says of the time.</param>
internal readonly record struct ProcessStart(double WallMilliseconds, double ProcessorMilliseconds, string Steps)
{
    public static ProcessStart Measure(string[] command)
    {
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        var first = process.StandardOutput.ReadLine();
        var wall = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        var second = process.StandardOutput.ReadLine();
        process.WaitForExit();
        if (first is null || second is null)
        {
            throw new InvalidOperationException($"There was no result of: {string.Join(' ', command)}");
        }

        var words = second.Split('\t');
        return new ProcessStart(wall, double.Parse(words[0], CultureInfo.InvariantCulture), words.Length > 1 ? words[1] : "");
    }
}
