using System.Text;
using System.Text.Json;
using Larder.Tests.Handlers;
using Larder.Tests.Node;

namespace Larder.Tests.Cli;

public sealed class HandlerCommandTests : IDisposable
{
    private const string Counter = "const count = $state.count + ($args.by ?? 1);\n$state.count = count;\n$emit('changed', { count });\n$log('counted');\nreturn { count };\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("larder-handlers-").FullName;

    public static TheoryData<string, string> WrongLines => new()
    {
        { "run", "Required argument 'file' missing for command: 'run'; see 'larder run --help'." },
        { "run nothing-here", "There is no file 'nothing-here'; check the path." },
        { "run FILE --state 5", "There is no file '5'; check the path." },
        { "run FILE --state {", "--state: this is no JSON object:" },
        { "run FILE --context FILE", "--context: 'FILE' holds no JSON object:" },
        { "run FILE --grant everything", "everything" },
        { "run FILE --timeout 0s", "a handler needs some time; write --timeout 5s; see 'larder run --help'." },
        { "run FILE --fuel 0", "'0' is not a whole number of at least 1; see 'larder run --help'." },
        { "run FILE --memory-limit 1KiB", "'1KiB' is not between 1MiB and 2GiB; see 'larder run --help'." },
        { "run FILE --extension http", "'--extension http' is malformed: write --extension NAME=METHOD,METHOD." },
        { "run FILE --answer {", "--answer: '{' is not JSON:" },
        { "compile FILE -o out.bin", "'out.bin' must end with .qjsc, by which 'larder run' knows it." },
        { "handlers", "Required command was not provided; see 'larder handlers --help'." },
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(WrongLines))]
    public async Task A_wrong_command_line_gets_one_sentence_that_helps(string line, string expected)
    {
        TestEngine.Require();
        var file = Write("counter.js", Counter);

        var run = await RunAsync(line.Replace("FILE", file, StringComparison.Ordinal).Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected.Replace("FILE", file, StringComparison.Ordinal), run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_run_prints_what_was_done()
    {
        TestEngine.Require();

        var run = await RunAsync("run", Write("counter.js", Counter), "--state", """{"count":5}""", "--args", Write("args.json", """{"by":2}"""), "--infer");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var lines = run.Text.Split('\n');
        Assert.Equal("info       counted", lines[0]);
        Assert.Equal("state      count = 7", lines[1]);
        Assert.Equal("event      changed {\"count\":7}", lines[2]);
        Assert.Equal("returned   {\"count\":7}", lines[3]);
        Assert.StartsWith("ran        ", lines[4], StringComparison.Ordinal);
        Assert.Contains("compiled in", lines[4], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_run_does_not_compile()
    {
        TestEngine.Require();
        string[] line = ["run", Write("counter.js", "return 1"), "--cache", Path.Combine(_directory, "cache"), "--json"];

        var first = JsonElement.Parse((await CommandRun.OfAsync(line)).Output);
        var second = JsonElement.Parse((await CommandRun.OfAsync(line)).Output);

        Assert.Equal("compiled", first.GetProperty("metrics").GetProperty("origin").GetString());

        // What ran before is read from disk into memory at the start, which may be done before the run asks.
        Assert.Contains(second.GetProperty("metrics").GetProperty("origin").GetString(), (string[])["disk", "memory"]);
    }

    [Fact]
    public async Task An_error_is_told_with_its_place_and_lines()
    {
        TestEngine.Require();
        var file = Write("broken.js", "const a = 1;\nthrow new Error('no');\n");

        var run = await RunAsync("run", file);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"larder: {file}:2:", run.Error, StringComparison.Ordinal);
        Assert.Contains("EXECUTION_ERROR: no", run.Error, StringComparison.Ordinal);
        Assert.Contains(run.Error.Split('\n'), static line => line.StartsWith('>') && line.Contains("throw new Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("while (true) {}", 124, "TIMEOUT")]
    [InlineData("let a; let a;", 4, "COMPILATION_ERROR")]
    [InlineData("return $state.secret", 1, "--grant")]
    [InlineData("throw 'just text'", 1, "just text")]
    public async Task Every_sort_of_failure_has_its_exit_code(string source, int exitCode, string text)
    {
        TestEngine.Require();

        var run = await RunAsync("run", Write("handler.js", source), "--timeout", exitCode == 124 ? "200ms" : "30s");

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(text, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Suspensions_are_answered_one_after_another()
    {
        TestEngine.Require();
        var file = Write("ask.js", "const a = await $ext.http.get('x');\ntry { await $ext.http.get('y'); } catch (e) { return [a, e.message]; }\n");
        string[] extension = ["--infer", "--extension", "http=get"];

        var open = await RunAsync(["run", file, .. extension]);
        var answered = await RunAsync(["run", file, .. extension, "--answer", "5", "--fail", "closed"]);

        Assert.Equal(0, open.ExitCode);
        Assert.Contains("waits for  $ext.http.get(\"x\")", open.Text, StringComparison.Ordinal);
        Assert.Contains("returned   [5,\"closed\"]", answered.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_comes_from_standard_input_and_a_context_from_a_file()
    {
        TestEngine.Require();
        var context = Write("context.json", """{"stateSnapshot":{"a":1},"args":{"b":2},"capabilities":["state:read:a"]}""");

        var run = await CommandRun.OfAsync(
            ["run", "-", "--context", context, "--args", """{"b":3}""", "--no-cache"], "return $state.a + $args.b"u8.ToArray());

        Assert.Contains("returned   4", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compiled_handler_is_a_file_that_runs()
    {
        TestEngine.Require();
        var output = Path.Combine(_directory, "counter.qjsc");

        var compiled = await RunAsync("compile", Write("counter.js", "return 6 * 7"), "-o", output);
        var run = await RunAsync("run", output);
        await File.WriteAllBytesAsync(output, (await File.ReadAllBytesAsync(output))[..^1]);
        var damaged = await RunAsync("run", output);

        Assert.Equal((0, ""), (compiled.ExitCode, compiled.Error));
        Assert.StartsWith(output + ": ", compiled.Text, StringComparison.Ordinal);
        Assert.Contains("returned   42", run.Text, StringComparison.Ordinal);
        Assert.Equal(4, damaged.ExitCode);
    }

    [Fact]
    public async Task A_handler_that_cannot_be_compiled_is_told_with_its_place()
    {
        TestEngine.Require();
        var file = Write("broken.js", "\n\nlet 5;\n");

        var run = await RunAsync("compile", file);

        Assert.Equal(4, run.ExitCode);
        Assert.StartsWith($"larder: {file}:3:", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_does_all_of_it_too()
    {
        TestEngine.Require();
        await using var node = await TestNode.StartAsync();
        var url = node.Address.ToString();
        var file = Write("counter.js", Counter);

        var run = await CommandRun.OfAsync(["run", file, "--state", """{"count":5}""", "--infer", "--node", url]);
        var warm = await CommandRun.OfAsync(["handlers", "warm", file, "--node", url]);
        var list = await CommandRun.OfAsync(["handlers", "ls", "--node", url]);
        var stats = await CommandRun.OfAsync(["handlers", "stats", "--node", url]);
        var json = await CommandRun.OfAsync(["handlers", "stats", "--json", "--node", url]);
        var clear = await CommandRun.OfAsync(["handlers", "clear", "--node", url]);
        var limits = await CommandRun.OfAsync(["run", file, "--timeout", "1h", "--node", url]);
        var nobody = await CommandRun.OfAsync(["run", file, "--node", "http://127.0.0.1:1"]);

        Assert.Contains("returned   {\"count\":6}", run.Text, StringComparison.Ordinal);
        Assert.Equal("1 handler is ready.", warm.Text.Replace("1 of 1", "1", StringComparison.Ordinal).TrimEnd());
        Assert.Contains("HANDLER", list.Text, StringComparison.Ordinal);
        Assert.Contains("total executions", stats.Text, StringComparison.Ordinal);
        Assert.Equal(1, JsonElement.Parse(json.Output).GetProperty("totalExecutions").GetInt64());
        Assert.Equal(0, clear.ExitCode);
        Assert.Equal(1, limits.ExitCode);
        Assert.Contains("timeoutMs", limits.Error, StringComparison.Ordinal);
        Assert.Equal(5, nobody.ExitCode);
    }

    private Task<CommandRun> RunAsync(params string[] line) => CommandRun.OfAsync(
        line[0] is "handlers" ? line : [.. line, "--no-cache"], environment: new() { ["HOME"] = _directory });

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return path;
    }
}
