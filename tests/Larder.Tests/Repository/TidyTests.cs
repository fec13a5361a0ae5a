using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace Larder.Tests.Repository;

/// <summary>Style that a compiler does not keep: lengths, leftovers, names and places of files.</summary>
public sealed partial class TidyTests
{
    private const int MaxSourceLines = 600;
    private const long MaxFileBytes = 1024 * 1024;

    // Written in pieces, so that this file does not find itself.
    private static readonly string[] LeftoverMarks = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X:"];

    private static readonly string[] TopFolders =
        [".ci", ".github", "bench", "deploy", "docs", "samples", "src", "tests"];

    private static readonly string[] TopFiles =
    [
        ".dockerignore", ".editorconfig", ".gitattributes", ".gitignore", "CHANGELOG.md", "Directory.Build.props",
        "Directory.Build.targets", "Directory.Packages.props", "LICENSE", "Larder.slnx", "README.md", "global.json",
        "larder", "test",
    ];

    private static readonly string[] StrayEndings =
        ["~", ".bak", ".log", ".orig", ".pid", ".rej", ".swp", ".tmp", ".trx", ".user", ".DS_Store", ".nettrace"];

    [Fact]
    public void Source_files_stay_short()
    {
        var wrong = AllSources()
            .Select(path => (path, lines: RepositoryFiles.ReadLines(path).Length))
            .Where(file => file.lines > MaxSourceLines)
            .Select(file => $"{file.path}: {file.lines} lines");

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void Nothing_is_left_for_later()
    {
        var wrong = Matches(AllSources().Concat(Scripts()), line =>
            LeftoverMarks.Any(mark => Regex.IsMatch(line, $@"\b{mark}", RegexOptions.CultureInvariant)));

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void Nothing_is_a_stub()
    {
        var stub = "Not" + "ImplementedException";

        RepositoryFiles.AssertNone(Matches(AllSources(), line => line.Contains(stub, StringComparison.Ordinal)));
    }

    [Fact]
    public void Files_are_split_by_topic_and_not_by_region() =>
        RepositoryFiles.AssertNone(Matches(AllSources(), line => line.TrimStart().StartsWith("#" + "region", StringComparison.Ordinal)));

    [Fact]
    public void Every_public_type_has_a_file_of_its_name()
    {
        var wrong =
            from path in RepositoryFiles.Sources("src")
            let types = PublicType().Matches(RepositoryFiles.Read(path)).Select(match => match.Groups["name"].Value).Distinct().ToArray()
            let file = Path.GetFileName(path).Split('.')[0]
            where types.Length > 1 || (types.Length == 1 && types[0] != file)
            select $"{path} declares {string.Join(", ", types)}";

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void Namespaces_equal_folders()
    {
        var wrong =
            from path in RepositoryFiles.Sources("src").Concat(RepositoryFiles.Sources("tests"))
            let declared = Namespace().Match(RepositoryFiles.Read(path))
            where declared.Success
            let expected = string.Join('.', path.Split('/')[1..^1])
            where declared.Groups["name"].Value != expected
            select $"{path} declares {declared.Groups["name"].Value}";

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void No_stray_file_lies_about()
    {
        var wrong = RepositoryFiles.All.Where(path =>
            StrayEndings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal))
            || (path.Contains('/', StringComparison.Ordinal)
                ? !TopFolders.Contains(path.Split('/')[0])
                : !TopFiles.Contains(path)));

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void No_file_is_empty_or_huge()
    {
        var wrong = RepositoryFiles.All
            .Select(path => (path, bytes: new FileInfo(Path.Combine(RepositoryFiles.Root, path)).Length))
            .Where(file => file.bytes is 0 or > MaxFileBytes)
            .Select(file => $"{file.path}: {file.bytes} bytes");

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void No_file_names_the_machine_it_was_written_on()
    {
        string[] places = ["/wo" + "rk/", "/tmp/" + "farm", "/tmp/" + "wt/", "/ro" + "ot/"];
        var place = new Regex($@"(?<![\w.*$}}-]){string.Join('|', places.Select(p => $"(?:{p})"))}", RegexOptions.CultureInvariant);

        RepositoryFiles.AssertNone(Matches(RepositoryFiles.Text, place.IsMatch));
    }

    [Fact]
    public void No_file_names_a_package_source()
    {
        string[] hosts = ["registry." + "npmjs", "api." + "nuget", "nuget" + ".org/v3", "registry." + "yarnpkg", "\"resolved\": \"http"];

        RepositoryFiles.AssertNone(Matches(RepositoryFiles.Text, line => hosts.Any(host => line.Contains(host, StringComparison.OrdinalIgnoreCase))));
    }

    [Fact]
    public void Lock_files_hold_no_addresses()
    {
        var locks = RepositoryFiles.All.Where(path =>
            Path.GetFileName(path) is "packages.lock.json" or "package-lock.json").ToArray();

        Assert.NotEmpty(locks);
        RepositoryFiles.AssertNone(Matches(locks, line => line.Contains("://", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_project_has_a_lock_file()
    {
        var wrong = RepositoryFiles.All
            .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))
            .Select(path => path[..path.LastIndexOf('/')] + "/packages.lock.json")
            .Except(RepositoryFiles.All);

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void Text_has_unix_line_ends_and_a_last_one()
    {
        // NuGet writes its lock files without a last line end.
        var written = RepositoryFiles.Text.Where(path => !path.EndsWith("packages.lock.json", StringComparison.Ordinal));

        var wrong = written.Where(path => RepositoryFiles.Read(path) is var text
            && (text.Contains('\r', StringComparison.Ordinal) || !text.EndsWith('\n')));

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Scripts_can_be_executed()
    {
        string[] scripts = ["larder", "test", ".ci/run"];

        var wrong = scripts.Where(path =>
            !File.GetUnixFileMode(Path.Combine(RepositoryFiles.Root, path)).HasFlag(UnixFileMode.UserExecute));

        RepositoryFiles.AssertNone(wrong);
    }

    private static IEnumerable<string> AllSources() =>
        RepositoryFiles.All.Where(path => path.EndsWith(".cs", StringComparison.Ordinal)
            || (path.EndsWith(".js", StringComparison.Ordinal) && path.StartsWith("src/", StringComparison.Ordinal)));

    private static IEnumerable<string> Scripts() => RepositoryFiles.All.Where(path =>
        path is "larder" or "test" or ".ci/run" || path.EndsWith(".sh", StringComparison.Ordinal));

    private static IEnumerable<string> Matches(IEnumerable<string> paths, Func<string, bool> isWrong) =>
        from path in paths
        from line in RepositoryFiles.ReadLines(path).Select((text, index) => (text, number: index + 1))
        where isWrong(line.text)
        select $"{path}:{line.number}: {line.text.Trim()}";

    [GeneratedRegex(
        @"^public (?:(?:sealed|static|abstract|readonly|partial|ref|unsafe) )*(?:record struct|record class|class|struct|interface|enum|record|delegate \S+) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Namespace();
}
