using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Larder.Symbols.Modules;

/// <summary>Finds the module files that a path stands for.</summary>
public static partial class ModuleFiles
{
    private static readonly string[] Extensions = [".dll", ".exe", ".wasm"];

    private static readonly EnumerationOptions Everywhere = new() { RecurseSubdirectories = true, MaxRecursionDepth = 32, IgnoreInaccessible = true };

    /// <summary>Whether a file is named as modules are.</summary>
    public static bool IsModuleName(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The modules of a file, of a folder and those below it, or of what a solution or project was built to last.
    /// </summary>
    /// <exception cref="SymbolsException">There is no such file or folder, or nothing was built.</exception>
    public static IReadOnlyList<string> Of(string path)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path))
        {
            return [.. InFolder(path).Order(StringComparer.Ordinal)];
        }

        if (!File.Exists(path))
        {
            throw new SymbolsException(SymbolsErrorKind.Unavailable, $"There is no file or folder '{path}'; check the path.");
        }

        return Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".SLN" or ".SLNX" => OfSolution(path),
            ".CSPROJ" or ".FSPROJ" or ".VBPROJ" => OfProjects(path, [path]),
            _ => [path],
        };
    }

    /// <summary>The modules in a folder and those below it.</summary>
    public static IEnumerable<string> InFolder(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", Everywhere).Where(IsModuleName) : [];

    /// <summary>
    /// The assemblies of the installed shared framework that this process runs on: Microsoft.NETCore.App, and
    /// Microsoft.AspNetCore.App where it is installed.
    /// </summary>
    public static IReadOnlyList<string> OfFramework()
    {
        var runtime = Path.TrimEndingDirectorySeparator(RuntimeEnvironment.GetRuntimeDirectory());
        var shared = Path.GetDirectoryName(Path.GetDirectoryName(runtime));
        var web = shared is null ? null : Path.Combine(shared, "Microsoft.AspNetCore.App", Path.GetFileName(runtime));
        return
        [
            .. Assemblies(runtime),
            .. web is not null && Directory.Exists(web) ? Assemblies(web) : [],
        ];
    }

    private static IEnumerable<string> Assemblies(string folder) =>
        Directory.EnumerateFiles(folder, "*.dll").Where(IsAssembly).Order(StringComparer.Ordinal);

    // The native libraries of a framework stand among its assemblies on some systems.
    private static bool IsAssembly(string path) => !Path.GetFileName(path).Contains(".Native.", StringComparison.OrdinalIgnoreCase);

    private static IReadOnlyList<string> OfSolution(string path)
    {
        var folder = Path.GetDirectoryName(path)!; // A full path has one.
        var projects = ProjectPath().Matches(File.ReadAllText(path))
            .Select(match => Path.GetFullPath(Path.Combine(folder, match.Groups["path"].Value.Replace('\\', '/'))))
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        return OfProjects(path, projects);
    }

    // The newest build of every project, wherever it was put: bin beside the project, or artifacts/bin above it.
    private static IReadOnlyList<string> OfProjects(string path, string[] projects)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var project in projects)
        {
            var name = Path.GetFileNameWithoutExtension(project);
            var folder = Path.GetDirectoryName(project)!; // A full path has one.
            var outputs = Above(folder).Select(above => Path.Combine(above, "artifacts", "bin", name)).Prepend(Path.Combine(folder, "bin"));
            var newest = outputs.Where(Directory.Exists)
                .SelectMany(output => Directory.EnumerateFiles(output, "*", Everywhere))
                .Where(file => IsModuleName(file) && Path.GetFileNameWithoutExtension(file) == name && !IsReference(file))
                .MaxBy(File.GetLastWriteTimeUtc);
            if (newest is not null)
            {
                files.UnionWith(Directory.EnumerateFiles(Path.GetDirectoryName(newest)!, "*.dll")); // A full path has one.
            }
        }

        return files.Count > 0
            ? [.. files.DistinctBy(Path.GetFileName)]
            : throw new SymbolsException(SymbolsErrorKind.Unavailable, $"Nothing of '{path}' was built; run 'dotnet build' first.");
    }

    private static bool IsReference(string file) => Path.GetFileName(Path.GetDirectoryName(file)) is "ref" or "refint";

    private static IEnumerable<string> Above(string? folder)
    {
        for (; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            yield return folder;
        }
    }

    [GeneratedRegex("\"(?<path>[^\"<>|]+\\.(?:cs|fs|vb)proj)\"", RegexOptions.CultureInvariant)]
    private static partial Regex ProjectPath();
}
