namespace Larder.EndToEnd.Harness;

/// <summary>Programs that tests need and a machine may lack.</summary>
internal static class Tools
{
    public static bool MustRun { get; } = Environment.GetEnvironmentVariable("CI") == "true";

    private static readonly bool MayRun = MustRun || Environment.GetEnvironmentVariable("LARDER_E2E") == "1";

    /// <summary>Bazel 2.1 as npm delivers it.</summary>
    public static string Bazel { get; } = Path.Combine(
        BuiltTool.Root, "tests", "Larder.EndToEnd", "clients", "node_modules", "@bazel", "bazel-linux_x64", "bazel-2.1.0-linux-x86_64");

    /// <summary>
    /// Goes on when every program is there. Otherwise the test is skipped with the reason, or fails where everything
    /// must run.
    /// </summary>
    public static void Require(params string[] programs)
    {
        if (!MayRun)
        {
            Assert.Skip($"Uses {string.Join(", ", programs.Select(Path.GetFileName))}; './test' installs and runs it.");
        }

        var missing = programs.Where(static program => Find(program) is null).Select(Path.GetFileName).ToArray();
        if (missing.Length > 0)
        {
            var reason = $"There is no {string.Join(", ", missing)} here; './test' installs it.";
            if (MustRun)
            {
                Assert.Fail(reason);
            }

            Assert.Skip(reason);
        }
    }

    /// <summary>The path of a program; null when it cannot be found.</summary>
    public static string? Find(string program) =>
        Path.IsPathRooted(program)
            ? File.Exists(program) ? program : null
            : (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':')
                .Append("/usr/sbin")
                .Select(directory => Path.Combine(directory, program))
                .FirstOrDefault(File.Exists);
}
