using System.Text.RegularExpressions;

namespace Larder.Tests.Repository;

/// <summary>Links in the documentation lead somewhere.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Links_resolve()
    {
        var wrong =
            from path in RepositoryFiles.All.Where(path => path.EndsWith(".md", StringComparison.Ordinal))
            from link in Links(RepositoryFiles.Read(path))
            let problem = Problem(path, link)
            where problem is not null
            select $"{path}: {link}: {problem}";

        RepositoryFiles.AssertNone(wrong);
    }

    private static IEnumerable<string> Links(string markdown) =>
        Link().Matches(Code().Replace(Fenced().Replace(markdown, string.Empty), string.Empty)).Select(match => match.Groups["target"].Value);

    private static string? Problem(string page, string link)
    {
        if (link.Contains("://", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal))
        {
            return null;
        }

        var parts = link.Split('#', 2);
        var folder = Path.GetDirectoryName(page) ?? string.Empty;
        var target = parts[0].Length == 0
            ? page
            : Path.GetRelativePath(
                RepositoryFiles.Root, Path.GetFullPath(Path.Combine(RepositoryFiles.Root, folder, parts[0])));
        var full = Path.Combine(RepositoryFiles.Root, target);
        if (!File.Exists(full) && !Directory.Exists(full))
        {
            return "there is no such file";
        }

        return parts.Length == 2 && File.Exists(full) && target.EndsWith(".md", StringComparison.Ordinal)
            && !Anchors(File.ReadAllText(full)).Contains(parts[1])
            ? "there is no such heading"
            : null;
    }

    private static IEnumerable<string> Anchors(string markdown) =>
        Heading().Matches(Fenced().Replace(markdown, string.Empty)).Select(match =>
            NotInAnchors().Replace(match.Groups["title"].Value.Trim().ToLowerInvariant(), string.Empty).Replace(' ', '-'));

    [GeneratedRegex(@"(?<!\!)\[[^\]]*\]\((?<target>[^)\s]+)(?:\s+""[^""]*"")?\)", RegexOptions.CultureInvariant)]
    private static partial Regex Link();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Fenced();

    [GeneratedRegex("`[^`\n]*`", RegexOptions.CultureInvariant)]
    private static partial Regex Code();

    [GeneratedRegex(@"^#{1,6} (?<title>.+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.CultureInvariant)]
    private static partial Regex NotInAnchors();
}
