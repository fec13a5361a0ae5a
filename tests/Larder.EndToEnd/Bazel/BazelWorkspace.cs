using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Bazel;

/// <summary>A Bazel workspace of two layers of genrules, and a Bazel that keeps to itself.</summary>
internal sealed partial class BazelWorkspace : IAsyncDisposable
{
    public const int Leaves = 20;

    /// <summary>Actions of one build: the leaves, and one that joins them.</summary>
    public const int Actions = Leaves + 1;

    private readonly string _root;
    private readonly string _output;

    public BazelWorkspace(TemporaryDirectory directory)
    {
        _root = directory["workspace"];
        _output = directory["bazel"];
        Directory.CreateDirectory(_root);
        File.WriteAllText(Path.Combine(_root, "WORKSPACE"), string.Empty);
        WriteBuild(seconds: 0);
    }

    /// <summary>Writes rules whose leaves take so long each.</summary>
    public void WriteBuild(double seconds)
    {
        var build = new StringBuilder();
        for (var leaf = 0; leaf < Leaves; leaf++)
        {
            build.Append(CultureInfo.InvariantCulture, $"genrule(name = 'leaf{leaf}', outs = ['leaf{leaf}.txt'], ");
            build.Append(CultureInfo.InvariantCulture, $"cmd = 'sleep {seconds}; for i in $$(seq 200); do echo {leaf} $$i; done > $@')\n");
        }

        build.Append("genrule(name = 'joined', outs = ['joined.txt'], cmd = 'cat $(SRCS) > $@', srcs = [");
        build.AppendJoin(", ", Enumerable.Range(0, Leaves).Select(static leaf => $"'leaf{leaf}'"));
        build.Append("])\n");
        File.WriteAllText(Path.Combine(_root, "BUILD"), build.ToString());
    }

    /// <summary>Builds everything through a remote cache.</summary>
    public Task<ProgramRun> BuildAsync(string remote, params string[] options) => RunAsync(
        ["build", "//:all", $"--remote_cache={remote}", "--spawn_strategy=local", "--remote_timeout=10", "--noshow_progress", .. options]);

    /// <summary>Drops what was built; only the remote knows it then.</summary>
    public async Task CleanAsync() => (await RunAsync("clean")).Succeeded();

    /// <summary>Asserts that the build's result is right, byte by byte.</summary>
    public void AssertResultIsRight()
    {
        var expected = new StringBuilder();
        for (var leaf = 0; leaf < Leaves; leaf++)
        {
            for (var i = 1; i <= 200; i++)
            {
                expected.Append(CultureInfo.InvariantCulture, $"{leaf} {i}\n");
            }
        }

        Assert.Equal(expected.ToString(), File.ReadAllText(Path.Combine(_root, "bazel-bin", "joined.txt")));
    }

    /// <summary>How many actions a build took from the remote cache.</summary>
    public static int RemoteHits(ProgramRun build) =>
        RemoteHit().Match(build.Error) is { Success: true } match
            ? int.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture)
            : 0;

    public async ValueTask DisposeAsync() => await RunAsync("shutdown");

    private Task<ProgramRun> RunAsync(params string[] arguments) => ProgramRun.OfAsync(
        new ProgramStart(Tools.Bazel, [$"--output_user_root={_output}", "--nohome_rc", "--nosystem_rc", "--max_idle_secs=60", .. arguments])
        {
            Directory = _root,
            Timeout = TimeSpan.FromMinutes(4),
        });

    [GeneratedRegex(@"(?<count>\d+) remote cache hit", RegexOptions.CultureInvariant)]
    private static partial Regex RemoteHit();
}
