using System.Diagnostics;

namespace Larder.Tests.Repository;

/// <summary>The files of this repository: what is tracked, and what is about to be.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] Generated = ["artifacts", "bin", "obj", "node_modules", ".git", "TestResults"];

    private static readonly HashSet<string> TextExtensions = new(StringComparer.Ordinal)
    {
        "", ".cs", ".csproj", ".css", ".editorconfig", ".gitattributes", ".gitignore", ".html", ".js", ".json", ".md",
        ".npmrc", ".props", ".py", ".sh", ".slnx", ".svg", ".targets", ".txt", ".yaml", ".yml", ".dockerignore",
    };

    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with forward slashes, in ordinal order.</summary>
    public static IReadOnlyList<string> All { get; } = List();

    public static IEnumerable<string> Text => All.Where(path => TextExtensions.Contains(Path.GetExtension(path)));

    public static IEnumerable<string> Sources(string folder) =>
        All.Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal)
            && path.EndsWith(".cs", StringComparison.Ordinal));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static string[] ReadLines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    /// <summary>Fails with the whole list of what is wrong.</summary>
    public static void AssertNone(IEnumerable<string> wrong)
    {
        string[] all = [.. wrong];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Larder.slnx")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName
            ?? throw new InvalidOperationException($"No Larder.slnx above {AppContext.BaseDirectory}.");
    }

    private static List<string> List()
    {
        var files = ListWithGit() ?? Walk();
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    private static List<string>? ListWithGit()
    {
        try
        {
            var start = new ProcessStartInfo("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
            {
                WorkingDirectory = Root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var git = Process.Start(start)!;
            var output = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0
                ? [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct().Where(Exists)]
                : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no git here; an unpacked archive holds only tracked files and what was built.
            return null;
        }
    }

    private static List<string> Walk() =>
        [.. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(Generated.Contains))];

    // A file that was deleted but is still in git's index is on its way out.
    private static bool Exists(string path) => File.Exists(Path.Combine(Root, path));
}
