namespace Larder.Symbols.Details;

/// <summary>
/// Where the documentation of a module is: beside it, or for the installed framework in its reference pack, where it may be in
/// the file of the assembly that the type is seen through.
/// </summary>
internal static class DocumentationFiles
{
    public static IEnumerable<string> For(string path)
    {
        var beside = Path.ChangeExtension(path, ".xml");
        if (File.Exists(beside))
        {
            yield return beside;
            yield break;
        }

        if (PackOf(path) is not { } pack)
        {
            yield break;
        }

        var own = Path.Combine(pack, Path.GetFileNameWithoutExtension(path) + ".xml");
        if (File.Exists(own))
        {
            yield return own;
        }

        // System.Runtime first: most of what System.Private.CoreLib has is seen through it.
        foreach (var file in Directory.EnumerateFiles(pack, "*.xml")
            .Where(file => file != own)
            .OrderBy(static file => Path.GetFileName(file) == "System.Runtime.xml" ? 0 : 1)
            .ThenBy(static file => file, StringComparer.Ordinal))
        {
            yield return file;
        }
    }

    // ROOT/shared/NAME/VERSION/x.dll has ROOT/packs/NAME.Ref/VERSION/ref/FRAMEWORK.
    private static string? PackOf(string path)
    {
        var version = Path.GetDirectoryName(path);
        var name = Path.GetDirectoryName(version);
        var shared = Path.GetDirectoryName(name);
        if (version is null || name is null || shared is null || Path.GetFileName(shared) != "shared")
        {
            return null;
        }

        var packs = Path.Combine(Path.GetDirectoryName(shared) ?? "/", "packs", Path.GetFileName(name) + ".Ref");
        var wanted = Path.GetFileName(version);
        return Directory.Exists(packs)
            ? Directory.EnumerateDirectories(packs)
                .OrderBy(folder => Path.GetFileName(folder) == wanted ? 0 : SameLine(Path.GetFileName(folder), wanted) ? 1 : 2)
                .ThenByDescending(static folder => folder, StringComparer.Ordinal)
                .Select(static folder => Path.Combine(folder, "ref"))
                .Where(Directory.Exists)
                .SelectMany(Directory.EnumerateDirectories)
                .FirstOrDefault()
            : null;
    }

    private static bool SameLine(string left, string right) => left.Split('.')[0] == right.Split('.')[0];
}
