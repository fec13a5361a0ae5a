namespace Larder.Tests.Sizing;

/// <summary>Finds what lies beside the repository.</summary>
internal static class SharedFiles
{
    /// <summary>The full path of a shared file; null when it is not there.</summary>
    public static string? Find(string name)
    {
        var root = Environment.GetEnvironmentVariable("LARDER_SHARED");
        if (string.IsNullOrEmpty(root))
        {
            var at = new DirectoryInfo(AppContext.BaseDirectory);
            while (at is not null && !File.Exists(Path.Combine(at.FullName, "Larder.slnx")))
            {
                at = at.Parent;
            }

            root = Path.Combine(at?.FullName ?? ".", "..", "shared");
        }

        var path = Path.Combine(root, name);
        return File.Exists(path) ? path : null;
    }
}
