using System.Xml.Linq;

namespace Larder.Tests.Repository;

/// <summary>Which project may reference which, and what each may bring along.</summary>
public sealed class ArchitectureTests
{
    // The direction of references, as docs/ARCHITECTURE.md has it.
    private static readonly Dictionary<string, string[]> MayReference = new(StringComparer.Ordinal)
    {
        ["Larder.Cache"] = [],
        ["Larder.Wasm"] = [],
        ["Larder.Fuse"] = [],
        ["Larder.Cache.Redis"] = ["Larder.Cache"],
        ["Larder.Oci"] = ["Larder.Cache", "Larder.Fuse"],
        ["Larder.Handlers"] = ["Larder.Cache", "Larder.Wasm"],
        ["Larder.Indexer"] = ["Larder.Cache", "Larder.Wasm"],
        ["Larder.Symbols"] = ["Larder.Cache", "Larder.Wasm"],
        ["Larder.Node"] = ["Larder.Cache", "Larder.Cache.Redis", "Larder.Fuse", "Larder.Handlers", "Larder.Indexer", "Larder.Oci", "Larder.Symbols"],
        ["Larder.Cli"] =
        [
            "Larder.Cache", "Larder.Cache.Redis", "Larder.Fuse", "Larder.Wasm", "Larder.Handlers", "Larder.Indexer", "Larder.Oci",
            "Larder.Symbols",
            "Larder.Node",
        ],
    };

    private static readonly Dictionary<string, string[]> MayUsePackages = new(StringComparer.Ordinal)
    {
        ["Larder.Cache"] = ["Microsoft.Extensions."],
        ["Larder.Wasm"] = [],
        ["Larder.Fuse"] = ["Microsoft.Extensions."],
        ["Larder.Cache.Redis"] = ["Microsoft.Extensions."],
        ["Larder.Oci"] = ["Microsoft.Extensions."],
        ["Larder.Handlers"] = ["Microsoft.Extensions."],
        ["Larder.Indexer"] = ["Microsoft.Extensions."],
        ["Larder.Symbols"] = ["Microsoft.Extensions."],
        ["Larder.Node"] = ["Microsoft.Extensions.", "OpenTelemetry"],
        ["Larder.Cli"] = ["System.CommandLine", "Spectre.Console"],
    };

    [Fact]
    public void Every_source_project_has_its_place_in_the_order()
    {
        var projects = Projects("src").Select(Name).Order(StringComparer.Ordinal);

        Assert.Equal(MayReference.Keys.Order(StringComparer.Ordinal), projects);
    }

    [Fact]
    public void Source_projects_reference_only_what_the_order_allows()
    {
        var wrong =
            from project in Projects("src")
            from reference in References(project, "ProjectReference")
            let target = Path.GetFileNameWithoutExtension(reference)
            where !MayReference[Name(project)].Contains(target)
            select $"{Name(project)} references {target}";

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void Source_projects_use_only_the_packages_they_exist_for()
    {
        var wrong =
            from project in Projects("src")
            from package in References(project, "PackageReference")
            where !MayUsePackages[Name(project)].Any(prefix => package.StartsWith(prefix, StringComparison.Ordinal))
            select $"{Name(project)} uses {package}";

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void The_cache_library_does_not_need_a_web_server()
    {
        var references = typeof(Larder.Cache.TieredCache).Assembly.GetReferencedAssemblies();
        var project = Projects("src").Single(path => Name(path) == "Larder.Cache");

        Assert.DoesNotContain(references, name => name.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
        RepositoryFiles.AssertNone(References(project, "FrameworkReference"));
    }

    [Fact]
    public void No_source_project_depends_on_tests_or_benchmarks()
    {
        var wrong =
            from project in Projects("src")
            from reference in References(project, "ProjectReference")
            where reference.Contains("tests/", StringComparison.Ordinal) || reference.Contains("bench/", StringComparison.Ordinal)
            select $"{Name(project)} references {reference}";

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void No_project_is_a_bag_of_leftovers()
    {
        string[] bags = ["Core", "Common", "Utils", "Utilities", "Helpers", "Shared"];

        var wrong = RepositoryFiles.All
            .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))
            .Where(path => Name(path).Split('.').Any(bags.Contains));

        RepositoryFiles.AssertNone(wrong);
    }

    [Fact]
    public void The_solution_lists_every_project()
    {
        var listed = XDocument.Parse(RepositoryFiles.Read("Larder.slnx")).Descendants("Project")
            .Select(project => project.Attribute("Path")!.Value).Order(StringComparer.Ordinal);
        var present = RepositoryFiles.All
            .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

        Assert.Equal(present, listed);
    }

    [Fact]
    public void Package_versions_stand_in_one_place()
    {
        var wrong = RepositoryFiles.All
            .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))
            .Where(path => XDocument.Parse(RepositoryFiles.Read(path)).Descendants("PackageReference")
                .Any(package => package.Attribute("Version") is not null));

        RepositoryFiles.AssertNone(wrong);
    }

    private static IEnumerable<string> Projects(string folder) =>
        RepositoryFiles.All.Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal)
            && path.EndsWith(".csproj", StringComparison.Ordinal));

    private static string Name(string project) => Path.GetFileNameWithoutExtension(project);

    private static IEnumerable<string> References(string project, string element) =>
        XDocument.Parse(RepositoryFiles.Read(project)).Descendants(element)
            .Select(reference => reference.Attribute("Include")!.Value);
}
