namespace Larder.EndToEnd.Harness;

/// <summary>The tool as it was built, beside these tests and in their configuration.</summary>
internal static class BuiltTool
{
    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The command's assembly; run it with <c>dotnet</c>.</summary>
    public static string Assembly { get; } = Path.Combine(
        Root, "artifacts", "bin", "Larder.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "larder.dll");

    /// <summary>Runs <c>larder</c> to its end.</summary>
    public static Task<ProgramRun> RunAsync(params string[] arguments) => RunAsync(new ProgramStart("dotnet"), arguments);

    /// <summary>Runs <c>larder</c> to its end; the program's name in <paramref name="start"/> is replaced.</summary>
    public static Task<ProgramRun> RunAsync(ProgramStart start, params string[] arguments) =>
        ProgramRun.OfAsync(start with { Program = "dotnet", Arguments = [Assembly, .. arguments] });

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Larder.slnx")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No Larder.slnx above {AppContext.BaseDirectory}.");
    }
}
