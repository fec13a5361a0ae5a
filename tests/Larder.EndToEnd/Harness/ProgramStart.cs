using System.Diagnostics;

namespace Larder.EndToEnd.Harness;

/// <summary>How to start a program.</summary>
/// <param name="Program">Its name or path.</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record ProgramStart(string Program, params string[] Arguments)
{
    /// <summary>Where it runs; null for here.</summary>
    public string? Directory { get; init; }

    /// <summary>Variables beside those of this process; a null value takes one away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>What it reads.</summary>
    public byte[] Input { get; init; } = [];

    /// <summary>How long it may run before it is killed and the test fails.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Starts it with its streams redirected.</summary>
    public Process Start()
    {
        var start = new ProcessStartInfo(Program, Arguments)
        {
            WorkingDirectory = Directory ?? string.Empty,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What the machine's user has configured must not reach the tests.
        foreach (var name in start.Environment.Keys.Where(static name =>
            name.StartsWith("LARDER_", StringComparison.Ordinal) || name.StartsWith("CCACHE_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(Path.GetTempPath(), "larder-tests-no-configuration");
        start.Environment["NO_COLOR"] = "1";
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!; // Not null: no shell is used, so a process is always made.
    }
}
