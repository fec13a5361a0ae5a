using Larder.Cli;

namespace Larder.Tests.Cli;

public sealed class CommandLineTests
{
    private static readonly string SomeName = "note/" + new string('a', 64);

    public static TheoryData<string, string> WrongLines => new()
    {
        { "", "Say what to do; 'larder --help' lists the commands." },
        { "sttas", "'sttas' is not a command; did you mean 'stats'? See 'larder --help'." },
        { "get --knid x", "'--knid' is not an option here; did you mean '--kind'? See 'larder get --help'." },
        { "ls a b", "'b' is one argument too many; see 'larder ls --help'." },
        { "ls --limit x", "'x' is not a whole number from 1 to 100000; see 'larder ls --help'." },
        { "ls --limit 0", "'0' is not a whole number from 1 to 100000; see 'larder ls --help'." },
        { "ls --skip -1", "'-1' is not a whole number of at least 0; see 'larder ls --help'." },
        { "ls --sort foo", "'foo' is not an order; write name, size or used; see 'larder ls --help'." },
        { "ls --unused 5y", "'5y' is not a time; write a number with ms, s, m, h or d, such as 30d; see 'larder ls --help'." },
        { "ls --min-size 5q", "'5q' is not a length; write bytes or a number with a unit, such as 64MiB; see 'larder ls --help'." },
        { "ls xyz", "'xyz' is not the beginning of a fingerprint, which has 64 hexadecimal digits." },
        { "get --node", "Required argument missing for option: '--node'; see 'larder get --help'." },
        { "get", "Name the artifact: KIND/FINGERPRINT, or its recipe; see 'larder get --help'." },
        { "get abc", "'abc' is not a fingerprint: it has 64 hexadecimal digits; 'larder ls' lists those that are stored." },
        { "get Big/abc", "'Big' is not a kind: a kind has 1 to 48 characters out of a-z, 0-9, '-', '_' and '.'." },
        { "purge", "Say what to remove: --kind, --owner or --unused, or --all for everything." },
        { "purge --all --kind note", "Say what to remove: --kind, --owner or --unused, or --all for everything." },
        { "stats --interval 1ms", "--interval is at least 100ms; see 'larder stats --help'." },
        { "completion tcsh", "'tcsh' is not a shell that larder knows; write bash, zsh or fish; see 'larder completion --help'." },
        { "put nothing-here --kind note", "There is no file 'nothing-here'; check the path." },
        { "put - ", "Say what it is: add --kind KIND, or --as KIND/FINGERPRINT." },
        { "explain", "Give the recipe: --recipe FILE, or --kind and --component; see 'larder explain --help'." },
        { "explain --component a=b", "A recipe out of components needs its kind: add --kind KIND." },
        { "explain --kind note --component a:number=b", "Component 'a:number=b' is malformed: 'number' is not a type; write text, integer, boolean, fingerprint, bytes or file." },
        { "explain --kind note --component a=1 --component a=2", "Component 'a=2' is malformed: Component 'a' was given twice. (Parameter 'name')." },
        { "verify", "Name one artifact, or give --all; see 'larder verify --help'." },
        { "ls --node ftp://x", "'ftp://x' is not the address of a node; write it like http://127.0.0.1:7070." },
        { "ls --node a --data b", "--node and --data exclude each other: give the one to work on." },
    };

    [Theory]
    [MemberData(nameof(WrongLines))]
    public async Task A_wrong_line_gets_one_sentence_and_exits_with_2(string line, string sentence)
    {
        var run = await CommandRun.OfAsync(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal($"larder: {sentence}\n", run.Error);
        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Empty(run.Output);
    }

    [Fact]
    public void A_command_can_be_made_without_the_others()
    {
        var terminal = new Terminal(Stream.Null, Stream.Null, TextWriter.Null, new Dictionary<string, string>());

        foreach (var command in CommandLine.Build(terminal).Subcommands)
        {
            Assert.Equal(command.Name, Assert.Single(CommandLine.Build(terminal, command.Name).Subcommands).Name);
        }
    }

    [Fact]
    public async Task No_node_is_5_and_says_how_to_start_one()
    {
        var run = await CommandRun.OfAsync(
            ["get", SomeName, "--node", "127.0.0.1:9"], cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(
            "larder: No node answers at http://127.0.0.1:9/ (connection refused); start one with 'larder serve', or name a "
            + "directory with --data.\n",
            run.Error);
        Assert.Equal(ExitCodes.Unreachable, run.ExitCode);
    }

    [Fact]
    public async Task A_cancelled_command_is_interrupted()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        var run = await CommandRun.OfAsync(["get", SomeName, "--node", "127.0.0.1:9"], cancellationToken: cancelled.Token);

        Assert.Equal(ExitCodes.Interrupted, run.ExitCode);
        Assert.Equal("larder: interrupted.\n", run.Error);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("stats")]
    [InlineData("get")]
    [InlineData("put")]
    [InlineData("ls")]
    [InlineData("explain")]
    [InlineData("verify")]
    [InlineData("scrub")]
    [InlineData("purge")]
    [InlineData("config")]
    [InlineData("completion")]
    public async Task Help_of_every_command_ends_with_examples(string command)
    {
        var run = await CommandRun.OfAsync([command, "--help"], cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(ExitCodes.Ok, run.ExitCode);
        Assert.Empty(run.Error);
        var examples = run.Text[run.Text.IndexOf("Examples:\n", StringComparison.Ordinal)..];
        Assert.Contains($"larder {command}", examples, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_wins_over_errors()
    {
        var run = await CommandRun.OfAsync(["ls", "--limit", "x", "--help"], cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(ExitCodes.Ok, run.ExitCode);
        Assert.Contains("Usage:", run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("larder st", "stats")]
    [InlineData("larder ls --so", "--sort")]
    [InlineData("larder completion ", "bash\nfish\nzsh")]
    [InlineData("larder ls --sort ", "name\nsize\nused")]
    public async Task Suggestions_complete_the_line(string line, string expected)
    {
        var run = await CommandRun.OfAsync(
            [$"[suggest:{line.Length}]", line], cancellationToken: TestContext.Current.CancellationToken);

        var offers = run.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected.Split('\n').Order(StringComparer.Ordinal), offers.Intersect(expected.Split('\n')).Order(StringComparer.Ordinal));
        Assert.Equal(ExitCodes.Ok, run.ExitCode);
    }
}
