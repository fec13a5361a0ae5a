using System.Text.Json;
using Larder.Tests.Repository;

namespace Larder.Tests.Deploy;

/// <summary>The container build, read: no engine is at hand to run it.</summary>
public sealed class ContainerBuildTests
{
    private static readonly List<(string Word, string Text)> Instructions = Parse(RepositoryFiles.Read("deploy/Dockerfile"));

    [Fact]
    public void What_is_copied_is_there_and_not_ignored()
    {
        var ignored = RepositoryFiles.ReadLines(".dockerignore").Where(line => line.Length > 0).Select(line => line.TrimEnd('/')).ToArray();
        var sources = Instructions.Where(one => one.Word == "COPY" && !one.Text.StartsWith("--from", StringComparison.Ordinal))
            .SelectMany(one => one.Text.Split(' ')[..^1]).ToArray();

        Assert.NotEmpty(sources);
        Assert.All(sources, source =>
        {
            var full = Path.Combine(RepositoryFiles.Root, source);
            Assert.True(File.Exists(full) || Directory.Exists(full), $"{source} is not there.");
            Assert.DoesNotContain(source.TrimEnd('/').Split('/')[0], ignored);
        });

        // A build of the machine must not get in.
        Assert.Superset(new HashSet<string> { "**/bin", "**/obj", "**/node_modules", "artifacts" }, ignored.ToHashSet());
    }

    [Fact]
    public void Stages_follow_from_one_another()
    {
        var known = Instructions.Where(one => one.Word == "ARG").Select(one => "${" + one.Text.Split('=')[0] + "}").ToHashSet();
        var stages = new List<string>();
        foreach (var (word, rest) in Instructions)
        {
            if (word == "FROM")
            {
                var parts = rest.Split(' ');
                Assert.Equal("AS", parts[1]);
                Assert.Contains(parts[0], known);
                stages.Add(parts[2]);
            }
            else if (word == "COPY" && rest.StartsWith("--from=", StringComparison.Ordinal))
            {
                Assert.Contains(rest["--from=".Length..rest.IndexOf(' ', StringComparison.Ordinal)], stages[..^1]);
            }
        }

        Assert.Equal(["engine", "build", "node"], stages);
    }

    [Fact]
    public void The_images_are_of_the_versions_that_the_project_is_built_with()
    {
        var arguments = Instructions.Where(one => one.Word == "ARG").Select(one => one.Text.Split('=')).ToDictionary(parts => parts[0], parts => parts[1]);
        var sdk = JsonDocument.Parse(RepositoryFiles.Read("global.json")).RootElement.GetProperty("sdk").GetProperty("version").GetString()!;
        var version = string.Join('.', sdk.Split('.')[..2]);

        Assert.EndsWith("/sdk:" + version, arguments["SDK_IMAGE"], StringComparison.Ordinal);
        Assert.EndsWith("/aspnet:" + version, arguments["RUNTIME_IMAGE"], StringComparison.Ordinal);
    }

    [Fact]
    public void The_engine_lies_where_the_project_looks_for_it()
    {
        var project = RepositoryFiles.Read("src/Larder.Handlers/Larder.Handlers.csproj");
        var copy = Instructions.Single(one => one.Word == "COPY" && one.Text.StartsWith("--from=engine", StringComparison.Ordinal)).Text.Split(' ');

        Assert.Equal("/engine/node_modules/", copy[1]);
        Assert.Equal("src/Larder.Handlers/Engine/module/node_modules/", copy[2]);
        Assert.Contains("/Engine/module/node_modules/quickjs-wasi", project, StringComparison.Ordinal);
        Assert.Contains(Instructions, one => one.Word == "RUN" && one.Text.Contains("test -f /program/engines/quickjs.wasm", StringComparison.Ordinal));
    }

    [Fact]
    public void The_image_is_what_the_deployment_expects()
    {
        var files = new DeploymentFiles();
        var last = Instructions[(Instructions.FindLastIndex(one => one.Word == "FROM") + 1)..];
        var variables = last.Where(one => one.Word == "ENV").SelectMany(one => one.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        var entry = JsonSerializer.Deserialize<string[]>(last.Single(one => one.Word == "ENTRYPOINT").Text)!;

        Assert.Equal($"{files.Pod.Text("securityContext.runAsUser")}:{files.Pod.Text("securityContext.runAsGroup")}", last.Single(one => one.Word == "USER").Text);
        Assert.Equal(files.Container.Text("ports.0.containerPort"), last.Single(one => one.Word == "EXPOSE").Text);
        Assert.Equal(files.Container.Text("ports.0.containerPort"), variables["HTTP_PORT"]);
        Assert.Equal(files.Options().DataDirectory, variables["CACHE_DIR"]);
        Assert.Equal("serve", entry[^1]);
        Assert.Contains("<AssemblyName>" + Path.GetFileName(entry[0]) + "</AssemblyName>", RepositoryFiles.Read("src/Larder.Cli/Larder.Cli.csproj"), StringComparison.Ordinal);
        Assert.Equal(Path.GetDirectoryName(entry[0]) + "/", last.Single(one => one.Word == "COPY").Text.Split(' ')[^1]);
    }

    // Instructions with their continued lines joined; comments left out.
    private static List<(string Word, string Text)> Parse(string text)
    {
        string[] words = ["ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "VOLUME", "ENTRYPOINT"];
        var instructions = new List<(string, string)>();
        var lines = text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n');
        foreach (var line in lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            Assert.Contains(line[..space], words);
            instructions.Add((line[..space], line[(space + 1)..].Trim()));
        }

        return instructions;
    }
}
