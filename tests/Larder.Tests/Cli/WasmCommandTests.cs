using System.Text.Json;
using Larder.Cli.Commands;
using Larder.Wasm.Wasi;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Cli;

public sealed class WasmCommandTests : IDisposable
{
    private const byte Constant = 0x41;
    private const byte LocalGet = 0x20;
    private const byte Call = 0x10;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("larder-wasm-");

    public static TheoryData<string, string> WrongLines => new()
    {
        { "run", "Required argument 'file' missing for command: 'run'; see 'larder wasm run --help'." },
        { "run nothing-here", "There is no file 'nothing-here'; check the path." },
        { "run MODULE --foo", "'--foo' is not an option here; see 'larder wasm run --help', or put '--' before the program's own." },
        { "run MODULE --fuel 0", "'0' is not a whole number of at least 1; see 'larder wasm run --help'." },
        { "run MODULE --timeout 5y", "'5y' is not a time; write a number with ms, s, m, h or d, such as 30d; see 'larder wasm run --help'." },
        { "run MODULE --timeout 0s", "a program needs some time; write --timeout 5s; see 'larder wasm run --help'." },
        { "run MODULE --stack 1KiB", "'1KiB' is not between 16384 and 536870912 bytes; see 'larder wasm run --help'." },
        { "run MODULE --memory-limit 5GiB", "'5GiB' is not between 0 and 4294967296 bytes; see 'larder wasm run --help'." },
        { "run MODULE --dir /not/there", "There is no directory '/not/there'; check --dir." },
        { "run MODULE --dir ::x", "'::x' names no directory; write --dir DIRECTORY, DIRECTORY::NAME or DIRECTORY::NAME:ro." },
        { "run MODULE --env =x", "'=x' names no variable; write --env NAME=VALUE." },
        { "run MODULE --env MISSING", "The environment has no variable 'MISSING'; write --env MISSING=VALUE." },
        { "run MODULE --invoke nothing", "'MODULE' exports no function 'nothing'; 'larder wasm inspect' lists its exports." },
        { "run MODULE --invoke add 1", "'add' has the type (i32 i32) -> (i32), and 1 argument was given." },
        { "run MODULE --invoke add 1 x", "'x' is not i32, which 'add' takes there." },
        { "run MODULE --invoke add 1 4294967296", "'4294967296' is not i32, which 'add' takes there." },
        { "compile MODULE", "Option '--output' is required; see 'larder wasm compile --help'." },
        { "rnu", "'rnu' is not a command; did you mean 'run'? See 'larder wasm --help'." },
    };

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(WrongLines))]
    public async Task A_wrong_command_line_gets_one_sentence_that_helps(string line, string expected)
    {
        var module = Write("module.wasm", Adder());

        var run = await RunAsync(line.Replace("MODULE", module, StringComparison.Ordinal).Split(' '));

        Assert.Equal((2, $"larder: {expected.Replace("MODULE", module, StringComparison.Ordinal)}\n"), (run.ExitCode, run.Error));
        Assert.Empty(run.Output);
    }

    [Theory]
    [InlineData("2 3", "5")]
    [InlineData("0xffffffff 1", "0")]
    [InlineData("2147483647 1", "-2147483648")]
    public async Task An_invoked_function_prints_its_results(string arguments, string expected)
    {
        var run = await RunAsync(["run", "--invoke", "add", Write("module.wasm", Adder()), .. arguments.Split(' ')]);

        Assert.Equal((0, expected + "\n", ""), (run.ExitCode, run.Text, run.Error));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5, 5)]
    [InlineData(256, 1)]
    [InlineData(257, 1)]
    [InlineData(-1, 255)]
    public async Task The_exit_code_is_the_programs(int given, int expected)
    {
        var run = await RunAsync("run", Write("program.wasm", Exiting(given)));

        Assert.Equal((expected, ""), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task An_invalid_module_is_told_with_the_place_of_its_error()
    {
        var bytes = Module(List(1, Type([], [I32])), List(3, [0]), List(10, Body(0x42, 1)));
        var module = Write("invalid.wasm", bytes);

        var validated = await RunAsync("validate", module);
        var run = await RunAsync("run", module);

        Assert.Equal(4, validated.ExitCode);
        Assert.Matches($"^larder: '{module}' is not valid: .*function 0, code section, offset \\d+ \\(0x[0-9a-f]+\\)\\)\\.\n$", validated.Error);
        Assert.Equal((4, validated.Error), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task What_is_no_module_is_told_so()
    {
        var module = Write("text.txt", "hello, world"u8.ToArray());

        foreach (var command in (string[])["run", "validate", "inspect"])
        {
            var run = await RunAsync(command, module);

            Assert.Equal(4, run.ExitCode);
            Assert.StartsWith($"larder: '{module}' is not a WebAssembly module: ", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_import_that_nobody_has_is_named()
    {
        var module = Write("module.wasm", Module(List(1, Type([], [])), List(2, [.. Name("env"), .. Name("magic"), 0, 0])));

        var run = await RunAsync("run", module);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("magic", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trap_has_an_exit_code_of_its_own()
    {
        var module = Write("module.wasm", Module(
            List(1, Type([], [])), List(3, [0]), List(7, [.. Name("_start"), 0, 0]), List(10, Body(0))));

        var run = await RunAsync("run", module);

        Assert.Equal((134, $"larder: '{module}' trapped: unreachable.\n    at func[0]\n"), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task Inspection_tells_imports_exports_and_parts()
    {
        var module = Write("program.wasm", Exiting(0));

        var run = await RunAsync("inspect", "--json", module);
        var text = await RunAsync("inspect", module);

        var report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(2, report.GetProperty("functions").GetInt32());
        Assert.Equal("proc_exit", report.GetProperty("imports")[0].GetProperty("name").GetString());
        Assert.Equal("() -> ()", report.GetProperty("exports")[0].GetProperty("type").GetString());
        Assert.Equal("1 or more pages", report.GetProperty("memories")[0].GetString());
        Assert.Equal(8, report.GetProperty("sections")[0].GetProperty("offset").GetInt64());
        Assert.Matches(@"wasi_snapshot_preview1 proc_exit +function +\(i32\) -> \(\)", text.Text);
    }

    [Theory]
    [InlineData("/", "/", true)]
    [InlineData("/::/data", "/data", true)]
    [InlineData("/::/data:ro", "/data", false)]
    [InlineData("/:ro", "/", false)]
    public void A_directory_is_granted_as_it_is_written(string text, string guest, bool isWritable) =>
        Assert.Equal(new WasiDirectory("/", guest, isWritable), WasmRunCommand.ParseDirectory(text));

    private static Task<CommandRun> RunAsync(params string[] arguments) => CommandRun.OfAsync(["wasm", .. arguments]);

    private static byte[] Adder() => Module(
        List(1, Type([I32, I32], [I32])),
        List(3, [0]),
        List(7, [.. Name("add"), 0, 0]),
        List(10, Body(LocalGet, 0, LocalGet, 1, 0x6A)));

    private static byte[] Exiting(int code) => Module(
        List(1, Type([I32], []), Type([], [])),
        List(2, [.. Name("wasi_snapshot_preview1"), .. Name("proc_exit"), 0, 0]),
        List(3, [1]),
        List(5, [0, 1]),
        List(7, [.. Name("_start"), 0, 1]),
        List(10, Body([Constant, .. Signed(code), Call, 0])));

    // Two bytes are enough for every code here.
    private static byte[] Signed(int value) => [(byte)((value & 0x7F) | 0x80), (byte)((value >> 7) & 0x7F)];

    private string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
