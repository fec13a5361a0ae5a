using System.Text;
using System.Text.Json;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Wasm;

/// <summary>C programs, compiled by clang for WASI, under <c>larder wasm</c>.</summary>
public sealed class WasiProgramTests
{
    private static readonly ProgramStart Larder = new("larder");

    [Fact]
    public async Task A_program_has_its_arguments_variables_streams_and_exit_code()
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "hello");
        var start = Larder with
        {
            Input = "first\nsecond\n"u8.ToArray(),
            Environment = new Dictionary<string, string?> { ["GREETING"] = "good morning" },
        };

        var run = await BuiltTool.RunAsync(start, "wasm", "run", "--env", "GREETING", module, "one", "--", "--two");
        var bare = await BuiltTool.RunAsync(start, "wasm", "run", module);

        run.ExitedWith(7);
        Assert.Equal(
            "argument one\nargument --two\nvariable good morning\nhome unknown\nline first\nline second\n", run.Text);
        Assert.Equal("done\n", run.Error);
        Assert.StartsWith("variable none\nhome unknown\n", bare.ExitedWith(7).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--explicit-checks")]
    [InlineData("--canonical-nans")]
    [InlineData("--deterministic")]
    public async Task A_program_uses_files_below_its_directory_and_reaches_nothing_else(string option)
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "files");
        var granted = Directory.CreateDirectory(directory["granted"]).FullName;
        await File.WriteAllTextAsync(directory["outside"], "secret", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(granted, "trap"), "/etc/passwd");

        var run = await BuiltTool.RunAsync("wasm", "run", option, "--dir", $"{granted}::/data", module, "/data");

        Assert.Equal("entry .\nentry ..\nentry link\nentry moved\nentry second\nall is well\n", run.Succeeded().Text);
        Assert.Equal(["trap"], Directory.EnumerateFileSystemEntries(granted).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_read_only_directory_and_no_directory_at_all_are_left_alone()
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "files");
        var granted = Directory.CreateDirectory(directory["granted"]).FullName;

        var readOnly = await BuiltTool.RunAsync("wasm", "run", "--dir", $"{granted}::/data:ro", module, "/data");
        var nothing = await BuiltTool.RunAsync(Larder with { Directory = granted }, "wasm", "run", module, ".");

        Assert.Equal("failed: create (Capabilities insufficient)\n", readOnly.ExitedWith(1).Text);
        Assert.StartsWith("failed: create (", nothing.ExitedWith(1).Text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(granted));
    }

    [Fact]
    public async Task Clock_and_randomness_are_real_or_always_the_same()
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "clocks");

        var real = (await BuiltTool.RunAsync("wasm", "run", module)).Succeeded().Text.Split('\n');
        var other = (await BuiltTool.RunAsync("wasm", "run", module)).Succeeded().Text.Split('\n');
        var first = (await BuiltTool.RunAsync("wasm", "run", "--deterministic", module)).Succeeded().Text;
        var second = (await BuiltTool.RunAsync("wasm", "run", "--deterministic", module)).Succeeded().Text;

        Assert.Equal("slept enough", real[0]);
        Assert.Equal($"year {DateTime.UtcNow.Year}", real[1]);
        Assert.NotEqual(real[2], other[2]);
        Assert.Equal("slept enough\nyear 2000\nrandom 37 47 08 ff f7 71 9d d5\n", first);
        Assert.Equal(first, second);
    }

    [Theory]
    [InlineData("abort", "unreachable", "abort")]
    [InlineData("divide", "integer divide by zero", "divide")]
    [InlineData("memory", "out of bounds memory access", "main")]
    public async Task A_trap_is_told_with_its_kind_and_the_guests_calls(string way, string kind, string innermost)
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "faults");

        var run = (await BuiltTool.RunAsync("wasm", "run", module, way)).ExitedWith(134);
        var explicitly = (await BuiltTool.RunAsync("wasm", "run", "--explicit-checks", module, way)).ExitedWith(134);

        var lines = run.Error.TrimEnd().Split('\n');
        Assert.Equal($"larder: '{module}' trapped: {kind}.", lines[0]);
        Assert.Equal($"    at {innermost}", lines[1]);
        Assert.Contains("    at _start", lines);
        Assert.Equal(run.Error, explicitly.Error);
    }

    [Fact]
    public async Task What_never_ends_is_ended()
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "faults");

        var late = (await BuiltTool.RunAsync("wasm", "run", "--timeout", "300ms", module, "loop")).ExitedWith(124);
        var spent = (await BuiltTool.RunAsync("wasm", "run", "--fuel", "1000000", module, "loop")).ExitedWith(134);
        var deep = (await BuiltTool.RunAsync("wasm", "run", module, "deep")).ExitedWith(134);
        var exit = await BuiltTool.RunAsync("wasm", "run", "--fuel", "1000000", "--timeout", "1m", module, "exit");

        Assert.StartsWith($"larder: '{module}' was stopped after 0.3 s.\n    at main\n", late.Error, StringComparison.Ordinal);
        Assert.StartsWith($"larder: '{module}' trapped: out of fuel.\n", spent.Error, StringComparison.Ordinal);
        Assert.Matches(@"    at deeper\n    \.\.\. \d+ more \.\.\.\n    at deeper\n", deep.Error);
        exit.ExitedWith(42);
    }

    [Theory]
    [InlineData("loop")]
    [InlineData("read")]
    public async Task An_interruption_ends_a_guest_that_computes_and_one_that_waits_for_input(string way)
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "faults");
        using var process = new ProgramStart("dotnet", BuiltTool.Assembly, "wasm", "run", module, way).Start();
        Assert.Equal("begins", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));

        (await ProgramRun.OfAsync(new ProgramStart("kill", "-INT", $"{process.Id}"))).Succeeded();
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((130, "larder: interrupted.\n"), (process.ExitCode, error));
    }

    [Fact]
    public async Task A_compiled_program_runs_like_the_module_for_those_who_trust_it()
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "hello");
        var compiled = directory["hello.lwasm"];

        (await BuiltTool.RunAsync("wasm", "compile", module, "-o", compiled)).Succeeded();
        var refused = await BuiltTool.RunAsync("wasm", "run", compiled);
        var run = await BuiltTool.RunAsync("wasm", "run", "--compiled", compiled, "one");
        var unfuelled = await BuiltTool.RunAsync("wasm", "run", "--compiled", "--fuel", "5", compiled);
        var bytes = await File.ReadAllBytesAsync(compiled, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(compiled, bytes, TestContext.Current.CancellationToken);
        var damaged = await BuiltTool.RunAsync("wasm", "run", "--compiled", compiled);

        Assert.Contains("is compiled code, which no sandbox holds", refused.ExitedWith(2).Error, StringComparison.Ordinal);
        Assert.Equal("argument one\nvariable none\nhome unknown\n", run.ExitedWith(7).Text);
        Assert.Contains("was compiled without fuel", unfuelled.ExitedWith(2).Error, StringComparison.Ordinal);
        Assert.Contains("it is damaged", damaged.ExitedWith(4).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Functions_of_a_library_are_called_by_name()
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "library", "-mexec-model=reactor");

        Assert.Equal("999\n", (await BuiltTool.RunAsync("wasm", "run", "--invoke", "add", module, "2", "--", "-3")).Succeeded().Text);
        Assert.Equal("2.5\n", (await BuiltTool.RunAsync("wasm", "run", "--invoke", "half", module, "5")).Succeeded().Text);
        Assert.Contains("exports no '_start'", (await BuiltTool.RunAsync("wasm", "run", module)).ExitedWith(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_module_is_inspected_and_validated()
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "files");
        var broken = directory["broken.wasm"];
        var bytes = await File.ReadAllBytesAsync(module, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(broken, bytes[..(bytes.Length / 2)], TestContext.Current.CancellationToken);

        var report = JsonDocument.Parse((await BuiltTool.RunAsync("wasm", "inspect", "--json", module)).Succeeded().Output).RootElement;
        var valid = (await BuiltTool.RunAsync("wasm", "validate", module)).Succeeded();
        var invalid = (await BuiltTool.RunAsync("wasm", "validate", broken)).ExitedWith(4);

        var import = report.GetProperty("imports").EnumerateArray().Single(static import => import.GetProperty("name").GetString() == "path_open");
        Assert.Equal("(i32 i32 i32 i32 i32 i64 i64 i32 i32) -> (i32)", import.GetProperty("type").GetString());
        Assert.Equal(
            bytes.Length,
            8 + report.GetProperty("sections").EnumerateArray().Sum(static section => section.GetProperty("bytes").GetInt64()));
        Assert.Equal(
            ["memory", "_start"], report.GetProperty("exports").EnumerateArray().Select(static export => export.GetProperty("name").GetString()));
        Assert.Matches(@"is valid: \d+ functions, .* KiB\.\n$", valid.Text);
        Assert.Matches(@"^larder: '.*' is not a WebAssembly module: .*offset \d+ \(0x[0-9a-f]+\)\)\.\n$", invalid.Error);
    }

    [Fact]
    public async Task Large_outputs_arrive_whole()
    {
        using var directory = new TemporaryDirectory();
        var module = await CProgram.CompileAsync(directory, "hello");
        var lines = Enumerable.Range(0, 50_000).Select(static number => $"number {number}").ToArray();

        var run = await BuiltTool.RunAsync(
            Larder with { Input = Encoding.UTF8.GetBytes(string.Join('\n', lines)) }, "wasm", "run", module);

        Assert.Equal(
            lines.Select(static line => $"line {line}"), run.ExitedWith(7).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2));
    }
}
